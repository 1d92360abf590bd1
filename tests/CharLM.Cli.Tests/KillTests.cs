using CharLM.Checkpoints;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class KillTests(ITestOutputHelper output) : IDisposable
{
    private const string Checkpoint = "model.safetensors";
    private const int Rounds = 3;

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    // Each epoch is one minibatch of a large model, so that most of the time is spent on writing.
    [Fact]
    public async Task Train_KilledWhileItWritesCheckpoints_LeavesAWholeOneAndTheNextClearsAway()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        string[] train = ["train", "--corpus", "text.txt", "--max-tokens", "50", "--batch-size", "4", "--num-steps", "10", "--hidden",
            "384", "--checkpoint-every", "1", "--out", Checkpoint];
        var random = new Random(20);
        int epochs = 0;
        for (int round = 0; round < Rounds; round++)
        {
            string[] begin = round == 0 ? [] : ["--checkpoint", Checkpoint];
            int before = epochs;
            using (RunningProgram program = _sandbox.Start([.. train, "--epochs", "1000000", .. begin]))
            {
                await program.UntilAsync(
                    () => File.Exists(_sandbox.At(Checkpoint)) && EpochsOf(Checkpoint) > before, "a checkpoint of this round");
                string[] there = _sandbox.Temporaries();
                program.StopWhile(() =>
                    _sandbox.Temporaries().Except(there).Any(), TimeSpan.FromMicroseconds(random.Next(2000)), "the write of a checkpoint");
                program.Signal(RunningProgram.SigKill);
                Assert.Equal(128 + RunningProgram.SigKill, (await program.EndAsync()).ExitCode);
            }
            epochs = EpochsOf(Checkpoint);
            Assert.True(epochs > before, $"round {round}: {epochs} epochs after {before}");
            // The temporary file cannot be mistaken for a checkpoint.
            Assert.NotEmpty(_sandbox.Temporaries());
            Assert.All(_sandbox.Temporaries(), file => Assert.Matches(@"/\.model\.safetensors\.[0-9a-f]{32}\.tmp$", file));
        }
        output.WriteLine($"{epochs} epochs in {Rounds} rounds, each killed during a write");

        (await _sandbox.RunAsync("generate", "--checkpoint", Checkpoint, "--length", "1")).Succeeded();
        (await _sandbox.RunAsync([.. train, "--checkpoint", Checkpoint, "--epochs", $"{epochs + 1}"])).Succeeded();
        // checkpoints/.last records the model trained last.
        Assert.Equal(["checkpoints", "checkpoints/.last", Checkpoint, "text.txt"], _sandbox.Files());
    }

    private int EpochsOf(string checkpoint) => CheckpointFile.Read(_sandbox.At(checkpoint)).Progress.Epochs;
}
