using System.Text.Json.Nodes;
using CharLM.Checkpoints;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>train --run-dir and --resume, with real processes and real signals.</summary>
public sealed class RunDirectoryTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 10;
    private const int Epochs = 750;
    private const string Last = "parts/checkpoints/last.safetensors";

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    private string[] Train =>
        ["train", "--corpus", _sandbox.Write("text.txt", Texts.Plain), .. Texts.SmallModel, "--max-tokens", "600", "--optimizer", "adam",
            "--lr", "0.01", "--threads", "1"];

    private string[] OneModel =>
        [.. Train, "--dropout", "0.1", "--layers", "2", "--epochs", $"{Epochs}", "--sample-every", "70", "--validation-fraction", "0.1"];

    // A checkpoint after every step. Every second kill hits a write: the process is stopped while it holds a temporary file, then killed.
    // The others come at any moment, sometimes before the run has begun.
    [Fact]
    public async Task Train_KilledAtRandomMomentsAndInWritesAndResumed_EndsBitByBitAsUninterrupted()
    {
        string[] parts = [.. OneModel, "--run-dir", "parts", "--resume", "auto", "--checkpoint-every", "1step"];
        var random = new Random(6);
        int hitWrites = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            string[] before = Temporaries();
            int epochs = EpochsDone() + random.Next(5);
            using RunningProgram program = _sandbox.Start(parts);
            if (kill % 10 != 9)
                await program.UntilAsync(() => EpochsDone() >= epochs, "some epochs");
            // Not synchronisation: the kill may come at any moment.
            await Task.Delay(random.Next(kill % 10 == 9 ? 300 : 30));
            bool isAimed = kill % 2 == 0;
            if (isAimed)
                program.StopWhile(() =>
                    Temporaries().Except(before).Any(), TimeSpan.FromMicroseconds(random.Next(1000)), "the write of a checkpoint");
            program.Signal(RunningProgram.SigKill);
            Assert.Equal(128 + RunningProgram.SigKill, (await program.EndAsync()).ExitCode);
            bool hit = Temporaries().Except(before).Any();
            Assert.True(hit || !isAimed, $"kill {kill} missed the write");
            hitWrites += hit ? 1 : 0;
        }
        // The kill may have come while the newest checkpoint was being renamed.
        long steps = Directory.GetFiles(_sandbox.At("parts/checkpoints"), "*.safetensors")
            .Max(file => CheckpointFile.Read(file).Resume?.Step ?? 0);
        output.WriteLine($"{Kills} kills in {steps} steps, {hitWrites} of them during a write");
        Assert.InRange(hitWrites, Kills / 2, Kills);

        (await _sandbox.RunAsync([.. parts[..^2], "--checkpoint-every", "0"])).Succeeded();
        (await _sandbox.RunAsync([.. OneModel, "--run-dir", "whole"])).Succeeded();
        Assert.Equal(Weights("whole"), Weights("parts"));
        Assert.Equal(Metrics("whole"), Metrics("parts"));
        Assert.Equal(Epochs, Metrics("parts").Length);
        Assert.Equal(await File.ReadAllTextAsync(_sandbox.At("whole/samples.txt")),
            await File.ReadAllTextAsync(_sandbox.At("parts/samples.txt")));
        Assert.Empty(Temporaries());
    }

    // Odd sizes for torch's own layers, whose products round differently by a matrix's alignment.
    [Theory]
    [InlineData("built-in")]
    [InlineData("custom")]
    public async Task Train_OddSizesKilledInsideAnEpochAndResumed_EndsBitByBitAsUninterrupted(string implementation)
    {
        string[] train =
        [
            "train", "--corpus", _sandbox.Write("text.txt", Texts.Plain), "--max-tokens", "0", "--cell", "gru", "--hidden", "9",
                "--batch-size", "3", "--num-steps", "7", "--epochs", "4",
            "--implementation", implementation, "--optimizer", "adam", "--lr", "0.01", "--threads", "1", "--sample-every", "0",
        ];
        string[] parts = [.. train, "--run-dir", "parts", "--resume", "auto", "--checkpoint-every", "7steps"];
        for (int kill = 0; kill < 2; kill++)
        {
            long before = Steps();
            using RunningProgram program = _sandbox.Start(parts);
            await program.UntilAsync(() => Steps() > before + 14, "some checkpoints");
            program.Signal(RunningProgram.SigKill);
            Assert.Equal(128 + RunningProgram.SigKill, (await program.EndAsync()).ExitCode);
        }
        (await _sandbox.RunAsync(parts)).Succeeded();
        (await _sandbox.RunAsync([.. train, "--run-dir", "whole"])).Succeeded();
        Assert.Equal(Weights("whole"), Weights("parts"));
        Assert.Equal(Metrics("whole"), Metrics("parts"));

        // Counted in names of complete files, since the newest is sometimes being replaced.
        long Steps() => !Directory.Exists(_sandbox.At("parts/checkpoints")) ? 0
            : Directory.GetFiles(_sandbox.At("parts/checkpoints"), "step-*")
            .Select(file => long.Parse(Path.GetFileNameWithoutExtension(file)["step-".Length..])).DefaultIfEmpty().Max();
    }

    // Another number of epochs would change the rate of every step of a cosine; the stored configuration stays unchanged.
    [Fact]
    public async Task Train_ResumedWithOtherEpochsUnderACosine_IsRefused()
    {
        (await _sandbox.RunAsync([.. Train, "--schedule", "cosine", "--epochs", "2", "--run-dir", "parts"])).Succeeded();
        string config = await File.ReadAllTextAsync(_sandbox.At("parts/config.yaml"));
        (await _sandbox.RunAsync("train", "--resume", "parts", "--epochs", "4"))
            .Refused(2, "training.num_epochs is 2 in the run and cannot become 4", "cosine");
        Assert.Equal(config, await File.ReadAllTextAsync(_sandbox.At("parts/config.yaml")));
    }

    [Fact]
    public async Task Train_DirectoryThatIsRemoved_EndsInOneLineAndMakesNoneAnew()
    {
        using RunningProgram train = _sandbox.Start([.. Train, "--epochs", "1000000", "--run-dir", "a/run"]);
        await train.UntilFilledAsync(_sandbox.At("a/run/metrics.jsonl"));
        Directory.Move(_sandbox.At("a/run"), _sandbox.At("b"));
        (await train.EndAsync()).Complained(1, "a/run: is gone: it was removed, moved or replaced");
        Assert.Empty(Directory.GetFileSystemEntries(_sandbox.At("a")));
        (await _sandbox.RunAsync("train", "--resume", "b", "--epochs", "1")).Succeeded();
    }

    [Theory]
    [InlineData(RunningProgram.SigTerm, 75)]
    [InlineData(RunningProgram.SigUsr1, 75)]
    [InlineData(RunningProgram.SigInt, 130)]
    public async Task Train_Signal_SavesAndTheCommandItPrintsGoesOn(int signal, int exitCode)
    {
        using RunningProgram train = _sandbox.Start([.. Train, "--epochs", "300", "--run-dir", "it's a run"]);
        await train.UntilFilledAsync(_sandbox.At("it's a run/metrics.jsonl"));
        train.SkipIfInterruptIsIgnored();
        train.Signal(signal);
        Outcome outcome = await train.EndAsync();
        outcome.Complained(exitCode, "and saved; continue with: charlm train --resume");

        Outcome goneOn = (await _sandbox.BashAsync(outcome.Complaints[0].Split("continue with: ")[1])).Succeeded();
        Assert.Contains(goneOn.ErrorLines, line => line.StartsWith("continues after epoch ", StringComparison.Ordinal));
        Assert.Equal(Enumerable.Range(1, 300), Metrics("it's a run").Select(line => (int)JsonNode.Parse(line)!["epoch"]!));
    }

    [Fact]
    public async Task Train_SecondCtrlC_EndsAtOnceWithTheCheckpointIntact()
    {
        using RunningProgram train = _sandbox.Start(
            [.. Train, "--epochs", "2", "--checkpoint-every", "1", "--sample-every", "0", "--length", "1000000", "--run-dir", "parts"]);
        // The last sample precedes the last checkpoint, and takes long.
        await train.UntilAsync(
            () => File.Exists(_sandbox.At(Last)) && File.ReadLines(_sandbox.At("parts/metrics.jsonl")).Count() == 2, "the last sample");
        train.SkipIfInterruptIsIgnored();
        Task<Outcome> end = train.EndAsync();
        while (await Task.WhenAny(end, Task.Delay(50)) != end)
            train.Signal(RunningProgram.SigInt);
        Assert.Equal(130, (await end).ExitCode);
        Assert.Equal(1, CheckpointFile.Read(_sandbox.At(Last)).Progress.Epochs);

        // The second epoch is trained again, identically.
        (await _sandbox.RunAsync("train", "--resume", "parts", "--length", "10")).Succeeded();
        Assert.True(File.Exists(_sandbox.At("parts/result.json")));
        Assert.Equal(2, Metrics("parts").Length);
    }

    [Fact]
    public async Task Train_ItsConfiguration_RepeatsTheRun()
    {
        (await _sandbox.RunAsync([.. Train, "--epochs", "3", "--run-dir", "whole"])).Succeeded();
        (await _sandbox.RunAsync("train", "--config", "whole/config.yaml", "--run-dir", "parts")).Succeeded();
        Assert.Equal(Weights("whole"), Weights("parts"));
        Assert.Equal(Metrics("whole"), Metrics("parts"));
    }

    [Fact]
    public async Task Train_RunsThatCannotGoOn_AreRefusedInOneLine()
    {
        await _sandbox.RefuseEachAsync(
            (1, ["train", "--resume", "nowhere"], ["nowhere: there is no such run directory"]),
            (1, ["train", "--resume", "auto"], ["runs: holds no run to resume"]),
            (2, ["train", "--resume", "parts", "--run-dir", "parts", "--checkpoint", "x"],
                ["leave --checkpoint out", "leave --run-dir out"]));
        (await _sandbox.RunAsync([.. Train, "--epochs", "2", "--run-dir", "parts"])).Succeeded();
        string[] before = _sandbox.Files();
        await _sandbox.RefuseEachAsync(
            (1, [.. Train, "--run-dir", "parts"], ["parts: holds a run already", "--resume parts"]),
            (2, ["train", "--resume", "parts"], ["parts is complete", "--epochs"]));
        (await _sandbox.RunAsync("train", "--resume", "parts", "--epochs", "3", "--hidden", "64", "--cell", "lstm")).Refused(
            2, "model.cell is gru in the run and cannot become lstm", "model.num_hiddens is 32 in the run and cannot become 64");
        _sandbox.Write("other.txt", Texts.Plain.Replace('m', 'q'));
        (await _sandbox.RunAsync("train", "--resume", "parts", "--epochs", "3", "--corpus", "other.txt"))
            .Refused(2, "other.txt is another text than the run's", "new in its vocab: 'q'; gone in its vocab: 'm'");
        Assert.Equal(before.Append("other.txt").Order(StringComparer.Ordinal), _sandbox.Files());
    }

    [Fact]
    public async Task Train_TwoProcessesOnOneRun_TheSecondIsRefusedUntilTheFirstIsDead()
    {
        // Without a checkpoint the run restarts from the beginning, however far it had come.
        string[] train = [.. Train, "--epochs", "1000000", "--checkpoint-every", "0", "--run-dir", "parts"];
        using (RunningProgram first = _sandbox.Start(train))
        {
            await first.UntilAsync(() => File.Exists(_sandbox.At("parts/config.yaml")), "the run");
            (await _sandbox.RunAsync("train", "--resume", "parts")).Refused(1, "parts: another process is using this run directory");
            first.Signal(RunningProgram.SigKill);
            await first.EndAsync();
        }
        (await _sandbox.RunAsync("train", "--resume", "parts", "--epochs", "1")).Succeeded();
    }

    // A run is interrupted, the disk fills up, the run resumes: it fails on the first file without room.
    [Theory]
    [InlineData("disk/run/config.yaml", "--keep-last 4", "--sample-every", "0", "--checkpoint-every", "0")]
    [InlineData("disk/run/metrics.jsonl", "", "--sample-every", "0", "--checkpoint-every", "0")]
    [InlineData("disk/run/samples.txt", "", "--sample-every", "1", "--length", "5000", "--checkpoint-every", "0")]
    [InlineData("disk/run/checkpoints/last.safetensors", "", "--sample-every", "0", "--checkpoint-every", "1")]
    public async Task Train_DiskThatFillsUp_FailsWithTheOldStateIntactAndGoesOnWhenThereIsRoom(
        string file, string changed, params string[] options)
    {
        Outcome outcome = await _sandbox.InAMountAsync("size=600k", """
            changed=$1; shift
            charlm train "$@" --epochs 1000000 --run-dir disk/run 2>said &
            until [ -s disk/run/metrics.jsonl ]; do kill -0 $! || { cat said; exit 99; }; sleep 0.05; done
            kill -TERM $!
            wait $!
            [ $? = 75 ] || { cat said; exit 99; }
            dd if=/dev/zero of=disk/filler bs=1k 2>dd-says
            state() { cksum < disk/run/checkpoints/last.safetensors; cksum < disk/run/config.yaml; }
            before=$(state)
            charlm train --resume disk/run $changed
            code=$?
            [ "$before" = "$(state)" ] || echo "the old state is gone"
            find disk -name '*.tmp'
            rm disk/filler
            charlm train --resume disk/run --epochs $(($(wc -l < disk/run/metrics.jsonl) + 5)) 2>said || { cat said; exit 99; }
            exit $code
            """, [changed, .. Train[1..], .. options]);
        outcome.Complained(1, file, "cannot be written", "No space left on device");
        Assert.StartsWith("perplexity ", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_FullDisk_LeavesNothing()
    {
        Outcome outcome = await _sandbox.InAMountAsync(
            "size=100k", "dd if=/dev/zero of=disk/filler bs=1k 2>dd-says\ncharlm \"$@\" --run-dir disk/run; code=$?; ls -A disk; exit $code", Train);
        outcome.Complained(1, "disk/run", "cannot be written", "No space left on device");
        Assert.Equal("filler", outcome.Output.Trim());
    }

    [Fact]
    public async Task Train_ReadOnlyFileSystem_IsRefused()
    {
        (await _sandbox.InAMountAsync("ro", "exec charlm \"$@\" --run-dir disk/run", Train))
            .Refused(1, "disk/run: cannot be written", "Read-only file system");
    }

    private int EpochsDone() =>
        File.Exists(_sandbox.At("parts/metrics.jsonl")) ? File.ReadLines(_sandbox.At("parts/metrics.jsonl")).Count() : 0;

    private string[] Temporaries() => _sandbox.Temporaries("parts/checkpoints");

    private string[] Metrics(string run) =>
    [
        .. File.ReadLines(_sandbox.At($"{run}/metrics.jsonl")).Select(line =>
        {
            JsonObject metrics = JsonNode.Parse(line)!.AsObject();
            foreach (string time in new[] { "seconds", "elapsed_seconds", "tokens_per_second" })
                Assert.True(metrics.Remove(time));
            return metrics.ToJsonString();
        }),
    ];

    private IEnumerable<string> Weights(string run) => CheckpointFile.Read(_sandbox.At($"{run}/checkpoints/last.safetensors")).Weights
        .Select(weight => $"{weight.Key} {Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(weight.Value.Values))}");
}
