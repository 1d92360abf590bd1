using System.Diagnostics;
using CharLM.Tests.Training;
using CharLM.Training;
using CharLM.Workbench.Clusters;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Clusters;

/// <summary>MPI and Slurm without either; <c>scripts/test-mpi</c> and <c>scripts/test-slurm</c> run the real ones.</summary>
public sealed class ClusterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Folder => Path.GetDirectoryName(_folder.File("x"))!;

    private SlurmArray Job => new()
    {
        Name = "cells",
        Command = ["/opt/char lm/charlm", "experiment", "run", "it's $HOME.yaml"],
        Trials = [1, 2, 3, 5, 9, 10],
        Folder = Folder,
        Jobs = 4,
        Threads = 2,
        Time = "1:30:00",
        Partition = "long",
        Memory = "2G",
        Requeues = 3,
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("90", 90 * 60)]
    [InlineData("1:30", 90)]
    [InlineData("2:00:05", 7205)]
    [InlineData("1-2", 26 * 3600)]
    [InlineData("1-2:3", (26 * 3600) + 180)]
    [InlineData("1-2:3:4", (26 * 3600) + 184)]
    [InlineData("", null)]
    [InlineData("soon", null)]
    [InlineData("-5", null)]
    [InlineData("1-", null)]
    [InlineData("1:2:3:4", null)]
    [InlineData("1-2-3", null)]
    public void ParseTime_OfSlurm_IsThatTimeOrNone(string text, int? seconds) =>
        Assert.Equal(seconds is { } count ? TimeSpan.FromSeconds(count) : null, Slurm.ParseTime(text));

    [Fact]
    public void Script_OfAnArray_HasItsOptions()
    {
        Assert.Empty(Job.Errors());
        Assert.Equal(
            [
                "#SBATCH --job-name=cells", "#SBATCH --array=1-3,5,9-10%4", "#SBATCH --cpus-per-task=2",
                $"#SBATCH --output=\"{Folder}/trial-%a.log\"", "#SBATCH --open-mode=append", "#SBATCH --requeue",
                "#SBATCH --signal=B:USR1@120", "#SBATCH --time=1:30:00", "#SBATCH --partition=long", "#SBATCH --mem=2G",
            ],
            Job.Script().Split('\n').Where(line => line.StartsWith("#SBATCH", StringComparison.Ordinal)));
    }

    // The script itself, with charlm and scontrol replaced by programs that tell how they were called.
    [Theory]
    [InlineData("exit 0", "0", null, "charlm experiment run it's $HOME.yaml --trial 9", 0)]
    [InlineData("exit 1", "0", null, "charlm experiment run it's $HOME.yaml --trial 9", 1)]
    [InlineData("exit 75", "0", null, "scontrol requeue 7_9", 0)]
    [InlineData("kill -9 $$", "1", null, "scontrol requeue 7_9", 0)]
    [InlineData("kill -9 $$", "3", null, "try 4, the last, ended with 137; its log is trial-9.log in ", 137)]
    [InlineData("trap 'exit 75' USR1; sleep 5 & wait", "0", "USR1", "scontrol requeue 7_9", 0)]
    [InlineData("trap 'exit 75' TERM; sleep 5 & wait", "0", "TERM", "charlm experiment run it's $HOME.yaml --trial 9", null)]
    public async Task Script_OfAnArray_RequeuesWhatWasSavedOrKilledButNotCancelled(
        string trial, string restarts, string? signal, string last, int? code)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the script is for bash");
        string log = _folder.File("calls"), program = Write("charlm",
            $"case \"$*\" in *--give-up*) echo \"$@\" >>'{log}'; exit 0;; esac\necho charlm \"$@\" >>'{log}'\n{trial}");
        Write("scontrol", $"echo scontrol \"$@\" >>'{log}'");
        string script = _folder.File("trials.sh");
        SlurmArray job = Job;
        await File.WriteAllTextAsync(script, (job with { Command = [program, .. job.Command.Skip(1)] }).Script());
        using Process process = Process.Start(new ProcessStartInfo("bash", [script])
        {
            RedirectStandardOutput = true,
            Environment =
            {
                ["SLURM_ARRAY_JOB_ID"] = "7",
                ["SLURM_ARRAY_TASK_ID"] = "9",
                ["SLURM_RESTART_COUNT"] = restarts,
                ["PATH"] = $"{Folder}:{Environment.GetEnvironmentVariable("PATH")}",
            },
        })!;
        if (signal is not null)
        {
            while (!File.Exists(log) || (await File.ReadAllTextAsync(log)).Length == 0)
                await Task.Delay(20, TestContext.Current.CancellationToken);
            await Task.Delay(200, TestContext.Current.CancellationToken);
            // Slurm sends SIGTERM to the trial, too.
            string to = signal == "TERM" ? $"{process.Id} $(pgrep -P {process.Id})" : $"{process.Id}";
            using Process kill = Process.Start("bash", ["-c", $"kill -{signal} {to}"]);
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Contains(last, (await File.ReadAllLinesAsync(log))[^1], StringComparison.Ordinal);
        // Of a task that was cancelled, bash tells the trial's code or the signal.
        Assert.True(code is null ? process.ExitCode is 75 or 143 : process.ExitCode == code, $"exit code {process.ExitCode}");
    }

    [Fact]
    public void Errors_OfAnArray_RefuseWhatWouldBeOptionsOfTheirOwn()
    {
        SlurmArray job = Job with
        {
            Time = "30 --wrap=x",
            Partition = "a\n#SBATCH --uid=0",
            Memory = "lots",
            Requeues = -1,
            Folder = "/a\"b",
        };
        Assert.Equal(5, job.Errors().Count());
    }

    [Theory]
    [InlineData("OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_LOCAL_SIZE=2", "OpenMPI's mpirun", 4, 1, 2)]
    [InlineData("PMI_SIZE=2 PMI_RANK=0 SLURM_STEP_NUM_TASKS=9 SLURM_PROCID=0", "MPICH's mpirun", 2, 0, 2)]
    [InlineData("SLURM_STEP_NUM_TASKS=6 SLURM_PROCID=5 SLURM_STEP_TASKS_PER_NODE=2(x3)", "srun", 6, 5, 2)]
    [InlineData("SLURM_NTASKS=6 SLURM_PROCID=0", null, 0, 0, 0)]
    [InlineData("OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_RANK=0", null, 0, 0, 0)]
    [InlineData("", null, 0, 0, 0)]
    public void Find_Launcher_ByItsVariables(string variables, string? name, int size, int rank, int localSize)
    {
        Dictionary<string, string> set = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('='))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.Equal(name is null ? null : new Launcher(name, size, rank, localSize), Launcher.Find(set.GetValueOrDefault));
    }

    [Fact]
    public void Compare_RanksWithOtherFacts_AreNamed()
    {
        var e = Assert.Throws<AggregateException>(() => ThreadRanks.Run(3, exchange =>
        {
            RankAgreement.Compare(exchange, new Dictionary<string, string>
            {
                ["program"] = exchange.Rank == 2 ? "new" : "old",
                ["text"] = "same",
            });
            return 0;
        }));
        Assert.Equal(3, e.InnerExceptions.Count);
        Assert.All(e.InnerExceptions, one => Assert.StartsWith(
            $"rank 2 ({Environment.MachineName}) has the program new, rank 0 ({Environment.MachineName}) old: start",
            Assert.IsType<RanksException>(one).Message, StringComparison.Ordinal));
    }

    private string Write(string name, string body)
    {
        string path = _folder.File(name);
        File.WriteAllText(path, $"#!/bin/bash\n{body}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
