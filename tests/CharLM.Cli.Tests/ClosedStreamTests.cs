using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Closed or full standard streams: one line with the cause, if there is anywhere to print it.</summary>
public sealed class ClosedStreamTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public ClosedStreamTests()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        _sandbox.Write("pairs.tsv", string.Concat(Enumerable.Repeat("good\tyes\nbad\tno\n", 8)));
        _sandbox.Write("one.yaml",
            "base:\n  corpus: text.txt\n  model: {num_hiddens: 4}\n  training: {num_epochs: 1, num_steps: 10, batch_size: 8}\nlist: "
                + "[{name: only}]\n");
    }

    public void Dispose() => _sandbox.Dispose();

    public static TheoryData<string> Verbs =>
    [
        "--help", "--version", "train --corpus text.txt --epochs 1 --hidden 4 --max-tokens 500 --batch-size 8 --num-steps 10 --out m",
            "generate", "eval --corpus text.txt --max-tokens 100", "score text.txt",
        "ngram --corpus text.txt --out m", "inspect", "experiment plan one.yaml", "experiment run one.yaml",
        "classify train --data pairs.tsv --epochs 1 --hidden 4 --batch-size 4 --out m",
            "seq2seq train --data pairs.tsv --epochs 1 --hidden 4 --batch-size 4 --out m",
        "corpus list", "corpus show text.txt", "corpus get bundled",
            "gradients --corpus text.txt --cell rnn --hidden 4 --distance 5 --rows 1",
        "export --checkpoint $SHIPPED --out e", "completion bash", "train --print-config",
    ];

    // Checked before any work: nothing is trained or written.
    [Theory, MemberData(nameof(Verbs))]
    public async Task AnyVerb_OutputClosed_IsRefusedInOneLine(string verb)
    {
        string[] before = _sandbox.Files();
        (await RunAsync(verb, ">&-")).Refused(1, "standard output is closed");
        Assert.Equal(before, _sandbox.Files());
    }

    [Theory]
    [InlineData("--version")]
    [InlineData("train --corpus text.txt --epochs 1 --hidden 4 --max-tokens 500 --batch-size 8 --num-steps 10 --out m")]
    [InlineData("generate")]
    [InlineData("score text.txt")]
    [InlineData("experiment run one.yaml")]
    [InlineData("classify train --data pairs.tsv --epochs 1 --hidden 4 --batch-size 4 --out m --json")]
    [InlineData("train --print-config")]
    public async Task AnyVerb_OutputFull_FailsWithTheCause(string verb) =>
        (await RunAsync(verb, ">/dev/full")).Complained(1, "standard output cannot be written", "No space left on device");

    [Theory]
    [InlineData("2>&-")]
    [InlineData("2>/dev/full")]
    public async Task AnyVerb_ErrorThatTakesNothing_KeepsResultAndExitCode(string redirection)
    {
        Assert.StartsWith("time-machine", (await RunAsync("corpus list", redirection)).Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal(new Outcome(2, "", ""), await RunAsync("trian", redirection));
        Assert.Equal(new Outcome(1, "", ""), await RunAsync("inspect missing", redirection));
        Assert.Equal(new Outcome(1, "", ""), await RunAsync("corpus list >&-", redirection));
    }

    [Theory]
    [InlineData("train --corpus -")]
    [InlineData("score")]
    [InlineData("corpus show -")]
    [InlineData("generate --interactive")]
    public async Task AnyVerb_InputClosed_IsRefusedInOneLine(string verb) =>
        (await RunAsync(verb, "<&-")).Refused(1, "standard input is closed");

    private Task<Outcome> RunAsync(string verb, string redirection) =>
        _sandbox.BashAsync($"SHIPPED=\"$1\"; charlm {verb} {redirection}",
            Path.Combine(Sandbox.ProgramFolder, "checkpoints", "time-machine-gru.safetensors"));
}
