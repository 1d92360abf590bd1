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
        Outcome outcome = await InterruptAsync(RunningProgram.SigInt, [.. LongRun, "--out", "it's my/model 1.safetensors", "--prefix", "the $HOME \"time\""]);
        outcome.Complained(130, "interrupted after ", $"of {Epochs} epochs and saved; go on with: charlm train ");
        Checkpoint saved = CheckpointFile.Read(_sandbox.At("it's my/model 1.safetensors"));
        Assert.InRange(saved.Figures.Epochs, 1, Epochs - 1);
        Assert.Equal(Enumerable.Range(1, saved.Figures.Epochs), EpochsLogged());

        string command = outcome.Complaints[0].Split("go on with: ")[1];
        Outcome goneOn = (await _sandbox.BashAsync(command)).Succeeded();
        Assert.Contains($"goes on after epoch {saved.Figures.Epochs}", goneOn.ErrorLines);
        Assert.Contains("the $HOME \"time\"", goneOn.Output, StringComparison.Ordinal);
        Assert.Equal(Epochs, CheckpointFile.Read(_sandbox.At("it's my/model 1.safetensors")).Figures.Epochs);
        Assert.Equal(Enumerable.Range(1, Epochs), EpochsLogged());
    }

    [Theory]
    [InlineData(RunningProgram.SigTerm)]
    [InlineData(RunningProgram.SigUsr1)]
    public async Task Train_SignalOfABatchSystem_SavesAndSaysResumable(int signal)
    {
        Outcome outcome = await InterruptAsync(signal, [.. LongRun, "--json"]);
        outcome.Complained(75, "go on with: ");
        Assert.True(outcome.Json().GetProperty("interrupted").GetBoolean());
        Assert.Equal(outcome.Json().GetProperty("epochs").GetInt32(), CheckpointFile.Read(_sandbox.At("checkpoints/last.safetensors")).Figures.Epochs);
    }

    [Fact]
    public async Task Train_SecondCtrlC_EndsAtOnce()
    {
        // Saved after its one epoch, it is on a sample of a million characters, which it does not leave by itself.
        using RunningProgram train = _sandbox.Start([.. Run, "--epochs", "1", "--length", "1000000"]);
        await train.UntilAsync(() => train.ErrorSoFar.Contains("saved", StringComparison.Ordinal), "the checkpoint");
        train.SkipIfInterruptIsIgnored();
        Task<Outcome> end = train.EndAsync();
        while (await Task.WhenAny(end, Task.Delay(50)) != end)
            train.Signal(RunningProgram.SigInt);
        Assert.Equal(130, (await end).ExitCode);
        Assert.Equal(1, CheckpointFile.Read(_sandbox.At("checkpoints/last.safetensors")).Figures.Epochs);
    }

    [Fact]
    public async Task Train_CtrlCWhileItWaitsForText_EndsWithNothingWritten()
    {
        using RunningProgram train = _sandbox.Start("train", "--corpus", "-");
        await train.Input.WriteAsync("half a text"u8.ToArray());
        await train.Input.FlushAsync();
        // .NET has its own handler for Ctrl+C before the program's is there; for the last signal that the program hears, it has none.
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

    private int[] EpochsLogged() =>
    [
        .. File.ReadLines(_sandbox.At("run.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("train_perplexity", out _)).Select(line => line.GetProperty("epoch").GetInt32()),
    ];

    private async Task<Outcome> InterruptAsync(int signal, string[] arguments)
    {
        using RunningProgram train = _sandbox.Start(arguments);
        await train.UntilAsync(() => File.Exists(_sandbox.At("run.jsonl")) && new FileInfo(_sandbox.At("run.jsonl")).Length > 0, "the first epoch");
        train.SkipIfInterruptIsIgnored();
        train.Signal(signal);
        return await train.EndAsync();
    }
}
