using System.Globalization;
using System.Text.Json;
using CharLM.Checkpoints;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class SignalTests(TrainedModels models) : IDisposable
{
    private const int Epochs = 300;

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    private string[] LongRun => [.. Run, "--epochs", Epochs.ToString(), "--log-json", "run.jsonl"];

    private string[] Run => ["train", "--corpus", _sandbox.Write("text.txt", Texts.Plain), "--max-tokens", "500", .. Texts.SmallModel];

    [Fact]
    public async Task Train_CtrlC_SavesAndTheCommandItPrintsGoesOn()
    {
        Outcome outcome = await InterruptAsync(
            RunningProgram.SigInt, [.. LongRun, "--out", "it's my/model 1.safetensors", "--prefix", "the $HOME \"time\""]);
        outcome.Complained(130, "interrupted after ", $"of {Epochs} epochs and saved; continue with: charlm train ");
        Checkpoint saved = CheckpointFile.Read(_sandbox.At("it's my/model 1.safetensors"));
        Assert.InRange(saved.Progress.Epochs, 1, Epochs - 1);
        Assert.Equal(Enumerable.Range(1, saved.Progress.Epochs), EpochsLogged());

        string command = outcome.Complaints[0].Split("continue with: ")[1];
        Outcome goneOn = (await _sandbox.BashAsync(command)).Succeeded();
        Assert.Contains($"continues after epoch {saved.Progress.Epochs}", goneOn.ErrorLines);
        Assert.Contains("the $HOME \"time\"", goneOn.Output, StringComparison.Ordinal);
        Assert.Equal(Epochs, CheckpointFile.Read(_sandbox.At("it's my/model 1.safetensors")).Progress.Epochs);
        Assert.Equal(Enumerable.Range(1, Epochs), EpochsLogged());
    }

    // A run by steps counts them; without a run directory, the command trains those that are left.
    [Fact]
    public async Task Train_BySteps_IsInterruptedAndTrainsTheRest()
    {
        string[] train = [.. Run, "--steps", "100000", "--steps-per-epoch", "50", "--log-json", "run.jsonl", "--out", "m"];
        Outcome outcome = await InterruptAsync(RunningProgram.SigTerm, train);
        outcome.Complained(75, "of 100,000 steps and saved; continue with: charlm train ");
        long done = long.Parse(
            outcome.Complaints[0].Split("after ")[1].Split(" of")[0], NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
        string command = outcome.Complaints[0].Split("continue with: ")[1];
        Assert.Contains($" --checkpoint m --corpus text.txt --steps {100_000 - done} --out m", command, StringComparison.Ordinal);
        Assert.Contains($"total_steps: {100_000 - done}\n", (await _sandbox.BashAsync($"{command} --print-config")).Succeeded().Output,
            StringComparison.Ordinal);
    }

    // The model trained last, as --checkpoint without a value names it, is named in the command.
    [Fact]
    public async Task Train_FromTheLastModel_IsInterruptedAndTheCommandItPrintsParses()
    {
        (await _sandbox.RunAsync([.. Run, "--epochs", "1", "--out", "first"])).Succeeded();
        Outcome outcome = await InterruptAsync(
            RunningProgram.SigTerm, ["train", "--checkpoint", "--epochs", "900000", "--log-json", "run.jsonl", "--out", "m"]);
        string command = outcome.Complained(75, "of 900000 epochs and saved").Complaints[0].Split("continue with: ")[1];
        Assert.Contains(" --epochs 900000 ", command, StringComparison.Ordinal);
        (await _sandbox.BashAsync($"{command} --print-config")).Succeeded();
    }

    [Theory]
    [InlineData(RunningProgram.SigTerm)]
    [InlineData(RunningProgram.SigUsr1)]
    [InlineData(RunningProgram.SigHup)]
    public async Task Train_SignalOfABatchSystem_SavesAndSaysResumable(int signal)
    {
        Outcome outcome = await InterruptAsync(signal, [.. LongRun, "--json"]);
        outcome.Complained(75, "continue with: ");
        Assert.True(outcome.Json().GetProperty("interrupted").GetBoolean());
        Assert.Equal(outcome.Json().GetProperty("epochs").GetInt32(),
            CheckpointFile.Read(_sandbox.At("checkpoints/last.safetensors")).Progress.Epochs);
    }

    // A batch system signals every process of a job, and a script forwards a signal that its group already received.
    [Theory]
    [InlineData(RunningProgram.SigTerm)]
    [InlineData(RunningProgram.SigHup)]
    public async Task Train_SecondSignalAtOnce_IsTheSameRequest(int second)
    {
        using RunningProgram train = _sandbox.Start(LongRun);
        await train.UntilFilledAsync(_sandbox.At("run.jsonl"));
        train.Signal(RunningProgram.SigTerm);
        await Task.Delay(20);
        train.Signal(second);
        (await train.EndAsync()).Complained(75, "interrupted after ", "and saved");
        Assert.InRange(CheckpointFile.Read(_sandbox.At("checkpoints/last.safetensors")).Progress.Epochs, 1, Epochs - 1);
    }

    // As when a shell closes: the terminal disappears, and with it the place for the result.
    [Fact]
    public async Task Train_TerminalThatIsClosed_SavesAndSaysResumable()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "python3, which opens a terminal and closes it, is missing");
        const string Close = """
            import os, pty, sys, time
            pid, terminal = pty.fork()
            if pid == 0:
                os.execvp(sys.argv[1], sys.argv[1:])
            while not (os.path.exists("run.jsonl") and os.path.getsize("run.jsonl")):
                os.read(terminal, 65536)
            os.close(terminal)
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """;
        _sandbox.Write("close.py", Close);
        using RunningProgram python = _sandbox.StartProcess("python3", ["close.py", "charlm", .. LongRun]);
        Assert.Equal("75\n", (await python.EndAsync()).Succeeded().Output);
        Assert.InRange(CheckpointFile.Read(_sandbox.At("checkpoints/last.safetensors")).Progress.Epochs, 1, Epochs - 1);
    }

    [Fact]
    public async Task Train_Nohup_OutlivesTheSession()
    {
        using RunningProgram train = _sandbox.StartProcess("nohup", ["charlm", .. Run, "--epochs", "100000", "--log-json", "run.jsonl"]);
        await train.UntilFilledAsync(_sandbox.At("run.jsonl"));
        train.Signal(RunningProgram.SigHup);
        int before = EpochsLogged().Length;
        await train.UntilAsync(() => EpochsLogged().Length > before + 20, "more epochs");
    }

    // Opening a pipe waits for a writer, and no signal interrupts it.
    [Fact]
    public async Task AnyVerb_SignalWhileItOpensAPipe_Ends()
    {
        string[] verbs =
        [
            "inspect pipe", "score pipe", "score --checkpoint pipe text.txt", "eval pipe", "eval --corpus pipe", "train --corpus pipe",
                "train --checkpoint pipe --out m",
            "train --config pipe", "classify train --data pipe --out m", "classify eval --data pipe",
                "classify predict --checkpoint pipe --text a",
            "seq2seq train --data pipe --out m", "import --from-pytorch pipe --out m", "generate --checkpoint pipe", "experiment run pipe",
                "report pipe",
            "export --checkpoint pipe --out m.pt", "gradients --checkpoint pipe", "ngram --corpus pipe --out m", "corpus show pipe",
        ];
        (await _sandbox.BashAsync("mkfifo pipe")).Succeeded();
        _sandbox.Write("text.txt", Texts.Plain);
        foreach (string[] some in verbs.Chunk(7))
        {
            foreach ((string verb, Outcome outcome) in await Task.WhenAll(some.Select(async verb => (verb, await SignalledAsync(verb)))))
                Assert.True(outcome == new Outcome(130, "", "charlm: interrupted\n"), $"{verb}: {outcome}");
        }
        Assert.Equal(["pipe", "text.txt"], _sandbox.Files());
    }

    [Fact]
    public async Task Train_SecondCtrlC_EndsAtOnce()
    {
        // The run has saved after its one epoch and is generating a sample of a million characters, which cannot be interrupted.
        using RunningProgram train = _sandbox.Start([.. Run, "--epochs", "1", "--length", "1000000"]);
        await train.UntilAsync(() => train.ErrorSoFar.Contains("saved", StringComparison.Ordinal), "the checkpoint");
        train.SkipIfInterruptIsIgnored();
        Task<Outcome> end = train.EndAsync();
        while (await Task.WhenAny(end, Task.Delay(50)) != end)
            train.Signal(RunningProgram.SigInt);
        Assert.Equal(130, (await end).ExitCode);
        Assert.Equal(1, CheckpointFile.Read(_sandbox.At("checkpoints/last.safetensors")).Progress.Epochs);
    }

    [Fact]
    public async Task Train_CtrlCWhileItWaitsForText_EndsWithNothingWritten()
    {
        using RunningProgram train = _sandbox.Start("train", "--corpus", "-");
        await train.Input.WriteAsync("half a text"u8.ToArray());
        await train.Input.FlushAsync();
        // .NET handles Ctrl+C before the program does, but not the last signal that the program registers.
        await train.UntilAsync(() => train.Catches(RunningProgram.SigUsr1), "the handlers");
        train.SkipIfInterruptIsIgnored();
        train.Signal(RunningProgram.SigInt);
        (await train.EndAsync()).Refused(130, "interrupted");
        Assert.Empty(_sandbox.Files());
    }

    [Fact]
    public async Task Generate_CtrlC_EndsWithWhatItHas()
    {
        using RunningProgram generate = _sandbox.Start("generate", "--checkpoint", models.Plain, "--length", "100000000");
        await generate.UntilAsync(() => generate.OutputSoFar.Length > 100, "some text");
        generate.SkipIfInterruptIsIgnored();
        generate.Signal(RunningProgram.SigInt);
        Outcome outcome = await generate.EndAsync();
        Assert.Equal((130, "charlm: interrupted"), (outcome.ExitCode, Assert.Single(outcome.ErrorLines)));
        Assert.StartsWith("time traveller for so", outcome.Output, StringComparison.Ordinal);
    }

    private async Task<Outcome> SignalledAsync(string verb)
    {
        using RunningProgram program = _sandbox.Start(verb.Split(' '));
        await program.UntilAsync(() => program.Catches(RunningProgram.SigUsr1), "the handlers");
        // The program may or may not have reached the blocking call by then: the result is the same.
        await Task.Delay(300);
        program.Signal(RunningProgram.SigTerm);
        return await program.EndAsync();
    }

    private int[] EpochsLogged() =>
    [
        .. File.ReadLines(_sandbox.At("run.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("train_perplexity", out _)).Select(line => line.GetProperty("epoch").GetInt32()),
    ];

    private async Task<Outcome> InterruptAsync(int signal, string[] arguments)
    {
        using RunningProgram train = _sandbox.Start(arguments);
        await train.UntilFilledAsync(_sandbox.At("run.jsonl"));
        train.SkipIfInterruptIsIgnored();
        train.Signal(signal);
        return await train.EndAsync();
    }
}
