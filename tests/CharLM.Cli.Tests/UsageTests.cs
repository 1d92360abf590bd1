using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class UsageTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose()
    {
        Assert.Empty(_sandbox.Files());
        _sandbox.Dispose();
    }

    /// <summary>Command lines, and the parts of the error message.</summary>
    private static readonly (string[] Words, string[] Parts)[] Wrong =
    [
        ([], ["give a command", "train", "generate", "corpus", "charlm --help"]),
        (["trian"], ["'trian'", "did you mean 'train'?"]),
        (["xyzzy"], ["'xyzzy'", "charlm --help"]),
        (["--nonsense"], ["no option '--nonsense'"]),
        (["corpus"], ["give a command: list, get, show"]),
        (["corpus", "lst"], ["'lst'", "did you mean 'list'?"]),
        (["corpus", "get"], ["corpus get needs a name"]),
        (["completion"], ["completion needs a shell"]),
        (["completion", "tcsh"], ["'tcsh'", "'bash'"]),
        (["train", "--ephocs", "3"], ["'--ephocs'", "did you mean '--epochs'?", "charlm train --help"]),
        (["generate", "--epochs", "3"], ["generate has no option '--epochs'"]),
        (["train", "stray"], ["'stray'"]),
        (["train", "--epochs"], ["--epochs needs a value: N"]),
        (["train", "--epochs", "1", "--epochs", "2"], ["--epochs"]),
        (["train", "--epochs", "three"], ["--epochs takes a whole number", "'three'"]),
        (["train", "--epochs", "2.5"], ["--epochs takes a whole number", "'2.5'"]),
        (["train", "--epochs", "1,000"], ["--epochs", "'1,000'"]),
        (["train", "--lr", "0,5"], ["--lr takes a finite number such as 0.5", "'0,5'"]),
        (["train", "--cell", "transformer"], ["there is no cell 'transformer': expected rnn, gru, lstm or esn"]),
        (["train", "--cell", "0"], ["--cell", "'0'"]),
        (["train", "--sampling", "shuffled"], ["--sampling takes one of sequential|random"]),
        (["train", "--out", ""], ["--out is empty"]),
        (["train", "--corpus", ""], ["--corpus is empty"]),
        (["train", "--prefix", ""], ["--prefix is empty"]),
        (["train", "--prefix", " ", "--token", "word"], ["prefix must hold at least one word"]),
        (["generate", "--prefix", ""], ["--prefix is empty"]),
        (["generate", "--checkpoint", ""], ["--checkpoint is empty"]),
        (["train", "--json=maybe"], ["'maybe'"]),
        (["train", "--device", "nonsense"], ["device must be cpu, cuda or cuda:N", "'nonsense'"]),
        (["train", "--device", "cuda:-1", "--threads", "-1", "--epochs", "0"], ["device must be", "threads must be", "epochs must be"]),
        (["generate", "--device", "cuda:x"], ["device must be cpu, cuda or cuda:N"]),
        (["train", "--epochs", "0", "--lr", "-1", "--layers", "0", "--report-every", "0"],
            ["epochs must be", "lr must be", "layers must be", "report-every must be"]),
        (["train", "--epochs", "3", "--steps", "9"], ["epochs and steps are two lengths of a run"]),
        (["train", "--minutes", "3", "--steps", "9"], ["minutes and steps are two lengths of a run"]),
        (["gradients", "--steps", "9"], ["gradients has no option '--steps'"]),
        (["gradients", "--lr", "9"], ["--lr is for training", "--train-epochs"]),
        (["bench", "--device", "cpu"], ["bench has no option '--device'"]),
        (["train", "--dropout", "0.5"], ["dropout acts between layers", "--layers 2"]),
        (["train", "--cell", "lstm", "--gru-form", "reset-after"], ["gru-form is for the gru cell"]),
        (["train", "--gru-form", "reset-before"], ["--implementation custom"]),
        (["\u001b[31mred\n"], [@"'\u001b[31mred\n'"]),
    ];

    [Fact]
    public Task CommandLine_Wrong_IsRefusedInOneLine() =>
        _sandbox.RunEachAsync(Wrong, wrong => wrong.Words, (wrong, outcome) => outcome.Refused(2, wrong.Parts));

    [Fact]
    public async Task Device_CudaWhereThereIsNone_IsRefusedWithTheWayOut()
    {
        Outcome version = await _sandbox.RunAsync("--version");
        Assert.SkipWhen(version.Output.Contains("device cuda", StringComparison.Ordinal), "this machine has CUDA");
        (await _sandbox.RunAsync("train", "--corpus", "bundled", "--device", "cuda"))
            .Refused(2, "device cuda is not to be had", "--device cpu");
        (await _sandbox.RunAsync("train", "--corpus", "bundled", "--device", "cuda:7")).Refused(2, "device cuda:7 is not to be had");
    }

    [Fact]
    public async Task Prefix_ThatLooksLikeAResponseFile_IsText()
    {
        Outcome outcome = await _sandbox.RunAsync("generate", "--prefix", "@hello", "--checkpoint", "missing.safetensors");
        outcome.Refused(1, "missing.safetensors");
    }
}
