using CharLM.Checkpoints;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class KillTests(ITestOutputHelper output) : IDisposable
{
    private const string Checkpoint = "model.safetensors";
    private const int Rounds = 5;

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    // An epoch is one minibatch of a large model, so that most of the time goes into writing.
    [Fact]
    public async Task Train_KilledWhileItWritesCheckpoints_LeavesAWholeOne()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        string[] train = ["train", "--corpus", "text.txt", "--max-tokens", "50", "--batch-size", "4", "--num-steps", "10", "--hidden", "384", "--epochs", "1000000", "--checkpoint-every", "1", "--out", Checkpoint];
        var random = new Random(20);
        int epochs = 0;
        for (int round = 0; round < Rounds; round++)
        {
            string[] begin = round == 0 ? [] : ["--checkpoint", Checkpoint];
            int before = epochs;
            using (RunningProgram program = _sandbox.Start([.. train, .. begin]))
            {
                await program.UntilAsync(() => File.Exists(_sandbox.At(Checkpoint)) && EpochsOf(Checkpoint) > before, "a checkpoint of this round");
                // Not for synchronisation: any moment of a write may be hit.
                await Task.Delay(random.Next(40));
                program.Signal(RunningProgram.SigKill);
                Assert.Equal(128 + RunningProgram.SigKill, (await program.EndAsync()).ExitCode);
            }
            epochs = EpochsOf(Checkpoint);
            Assert.True(epochs > before, $"round {round}: {epochs} epochs after {before}");
        }
        string[] rests = [.. _sandbox.Files().Except([Checkpoint, "text.txt"])];
        output.WriteLine($"{epochs} epochs in {Rounds} rounds; unfinished files: {rests.Length}");

        // What a kill left of a write bears no name that anyone would take for a checkpoint.
        Assert.All(rests, rest => Assert.Matches(@"^\.model\.safetensors\.[0-9a-f]{32}\.tmp$", rest));
        (await _sandbox.RunAsync("generate", "--checkpoint", Checkpoint, "--length", "1")).Succeeded();
    }

    private int EpochsOf(string checkpoint) => CheckpointFile.Read(_sandbox.At(checkpoint)).Figures.Epochs;
}
