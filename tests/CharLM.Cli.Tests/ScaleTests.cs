using System.Text.Json;
using CharLM.Checkpoints;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Accumulated minibatches, several processes, and a scheduler's queue, as users type them.</summary>
public sealed class ScaleTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public ScaleTests() => _sandbox.Write("text.txt", Texts.Plain);

    public void Dispose() => _sandbox.Dispose();

    private static string[] Train =>
    [
        "train", "--corpus", "text.txt", "--hidden", "16", "--num-steps", "10", "--steps", "40", "--steps-per-epoch", "20",
        "--sample-every", "0", "--threads", "1",
    ];

    [Fact]
    public async Task Train_Accumulating_IsTheLargeMinibatchAndStaysInTheRun()
    {
        (await _sandbox.RunAsync([.. Train, "--batch-size", "12", "--run-dir", "large"])).Succeeded();
        (await _sandbox.RunAsync([.. Train, "--batch-size", "4", "--accumulate", "3", "--run-dir", "parts"])).Succeeded();
        Assert.InRange(Apart("large", "parts"), 0, 1e-6);
        Outcome printed = (await _sandbox.RunAsync("train", "--config", "parts/config.yaml", "--print-config")).Succeeded();
        Assert.Contains("  accumulate: 3\n", printed.Output, StringComparison.Ordinal);
        (await _sandbox.RunAsync("train", "--resume", "parts", "--accumulate", "2", "--steps", "80"))
            .Refused(2, "training.accumulate is 3 in the run and cannot become 2");
        (await _sandbox.RunAsync([.. Train, "--accumulate", "0"])).Refused(2, "accumulate must be 1 to 65536, not 0");
    }

    [Fact]
    public async Task Train_ByMpirun_IsOneProcessAndChecksItsRanks()
    {
        string? mpirun = new[] { "/usr/bin/mpirun.openmpi", "/usr/bin/mpirun" }.FirstOrDefault(File.Exists);
        Assert.SkipWhen(mpirun is null, "there is no mpirun: apt-get install --no-install-recommends openmpi-bin (scripts/test-mpi does)");
        (_sandbox.Environment["OMPI_ALLOW_RUN_AS_ROOT"], _sandbox.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"]) = ("1", "1");
        (await _sandbox.RunAsync([.. Train, "--batch-size", "9", "--run-dir", "one"])).Succeeded();
        string charlm = _sandbox.Program;
        _sandbox.Program = mpirun!;
        string[] ranks = ["--oversubscribe", "--bind-to", "none", "-n", "2", charlm];
        (await _sandbox.RunAsync([.. ranks, .. Train, "--batch-size", "9", "--run-dir", "two"])).Succeeded();
        Assert.InRange(Apart("one", "two"), 0, 1e-5);
        Outcome refused = await _sandbox.RunAsync([.. ranks, .. Train, "--implementation", "built-in", "--run-dir", "three"]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("several processes train only what the fused implementation computes", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_StartedAsARankWithoutOthers_IsRefused()
    {
        (_sandbox.Environment["PMI_SIZE"], _sandbox.Environment["PMI_RANK"]) = ("2", "0");
        Outcome outcome = await _sandbox.RunAsync([.. Train, "--mpi", "absent.so"]);
        outcome.Refused(1, "absent.so cannot be loaded");
        (await _sandbox.RunAsync([.. Train, "--mpi", "none"])).Succeeded();
    }

    // sbatch and squeue are replaced: the real ones are in scripts/test-slurm.
    [Fact]
    public async Task Experiment_Submitted_IsAnArrayOfItsUnfinishedTrials()
    {
        const string Bin = "../bin";
        Directory.CreateDirectory(_sandbox.At(Bin));
        Program("sbatch", "echo 7");
        Program("squeue", "printf '7 2 PENDING\\n7 3 RUNNING\\n8 1 PENDING\\n'");
        _sandbox.Environment["PATH"] = $"{_sandbox.At(Bin)}:{_sandbox.Environment["PATH"]}";
        _sandbox.Write("sweep.yaml", """
            base:
              corpus: text.txt
              text: {validation_fraction: 0.1}
              model: {num_hiddens: 16}
              training: {num_epochs: 2, batch_size: 8, num_steps: 10}
            grid: {training: {learning_rate: [0.1, 0.2, 0.5]}}
            """);
        (await _sandbox.RunAsync("experiment", "run", "sweep.yaml", "--trial", "1")).Succeeded();
        JsonElement job = (await _sandbox.RunAsync("experiment", "run", "sweep.yaml", "--submit", "slurm", "--jobs", "2", "--json"))
            .Succeeded().Json();
        Assert.Equal(("7", "[2,3]"), (job.GetProperty("job").GetString(), job.GetProperty("trials").GetRawText()));
        string script = await File.ReadAllTextAsync(_sandbox.At("runs/sweep/_slurm/1/trials.sh"));
        Assert.Contains("#SBATCH --array=2-3%2\n", script, StringComparison.Ordinal);

        // A task's command is the script's: it runs from anywhere, on the copy.
        File.Delete(_sandbox.At("runs/sweep/_slurm/1/job"));
        string command = script.Split('\n').First(line => line.StartsWith("charlm=(", StringComparison.Ordinal));
        _sandbox.Write("task.sh", $"trial=2\n{command}\ncd / && \"${{charlm[@]}}\"\n");
        string charlm = _sandbox.Program;
        _sandbox.Program = "/bin/bash";
        (await _sandbox.RunAsync("task.sh")).Succeeded();
        _sandbox.Program = charlm;
        _sandbox.Write("runs/sweep/_slurm/1/job", "7\n");

        Outcome plan = (await _sandbox.RunAsync("experiment", "plan", "sweep.yaml")).Succeeded();
        Assert.Equal(["finished", "finished", "running"],
            plan.OutputLines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2]));
        Assert.Contains("nothing to submit",
            (await _sandbox.RunAsync("experiment", "run", "sweep.yaml", "--submit", "slurm")).Succeeded().Output, StringComparison.Ordinal);
        Program("squeue", "echo no controller >&2; exit 1");
        plan = (await _sandbox.RunAsync("experiment", "plan", "sweep.yaml")).Succeeded();
        Assert.Contains("the queue is not known: squeue failed: no controller", plan.Error, StringComparison.Ordinal);
        Assert.Contains("3  learning-rate-0.5_seed-0  waiting", plan.Output, StringComparison.Ordinal);

        void Program(string name, string body)
        {
            string path = _sandbox.At($"{Bin}/{name}");
            File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private double Apart(string run, string other)
    {
        Checkpoint first = CheckpointFile.Read(_sandbox.At($"{run}/checkpoints/last.safetensors"));
        Checkpoint second = CheckpointFile.Read(_sandbox.At($"{other}/checkpoints/last.safetensors"));
        return first.Weights.Max(weight => weight.Value.Values.Zip(second.Weights[weight.Key].Values)
            .Max(pair => Math.Abs((double)pair.First - pair.Second)));
    }
}
