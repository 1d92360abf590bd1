using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Texts, names and messages with terminal control sequences are escaped wherever people see them.</summary>
public sealed class HostileTextTests : IDisposable
{
    // Clear screen, set title; a return that overwrites its line; C1's CSI; reversed text direction; DEL.
    private const string Hostile = "red \u001b[2J and \u001b]0;title\u0007 back\roverwritten \u009b31m \u202edlrow\u202c \u2066in\u2069 "
        + "\u007f end\n";

    private const string Visible = @"red \u001b[2J and \u001b]0;title\u0007 back\roverwritten \u009b31m \u202edlrow\u202c \u2066in\u2069 \u007f end";

    private readonly Sandbox _sandbox = new();

    public HostileTextTests() => _sandbox.Write("text.txt", string.Concat(Enumerable.Repeat(Hostile, 50)));

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Generate_HostileModel_IsRawInAPipeAndVisibleOnATerminal()
    {
        (await _sandbox.RunAsync("ngram", "--corpus", "text.txt", "--cleaning", "none", "--out", "m")).Succeeded();
        string[] generate = ["generate", "--checkpoint", "m", "--prefix", "red ", "--length", $"{Hostile.Length + 20}"];
        string raw = (await _sandbox.RunAsync(generate)).Succeeded().Output;
        Assert.StartsWith(Hostile, raw, StringComparison.Ordinal);

        string shown = await OnTerminalAsync(string.Join(' ', generate.Select(word => $"'{word}'")));
        AssertHarmless(shown);
        Assert.StartsWith(Visible + "\r\n", shown, StringComparison.Ordinal);

        // Input lines are echoed.
        shown = await OnTerminalAsync("'generate' '--checkpoint' 'm' '--interactive' '--length' '80' <text.txt 2>/dev/null");
        AssertHarmless(shown);
        Assert.Contains(Visible, shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_HostileNamesAndVocab_IsVisible()
    {
        (await _sandbox.RunAsync("ngram", "--corpus", "text.txt", "--cleaning", "none", "--out", "m\u001b[2J\u202e")).Succeeded();
        foreach (string verb in new[] { "inspect", "eval --corpus text.txt" })
        {
            Outcome outcome = (await _sandbox.BashAsync($"charlm {verb} --checkpoint \"$1\"", "m\u001b[2J\u202e")).Succeeded();
            AssertHarmless(outcome.Output);
            Assert.Contains(@"m\u001b[2J\u202e", outcome.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public Task AnyVerb_HostileFileName_ComplainsInVisibleText() =>
        _sandbox.RunEachAsync(
            ["train --checkpoint", "train --config", "corpus show", "report --no-eval", "experiment plan"],
            verb => [.. verb.Split(' '), "no/\u001b]0;x\u0007\u009b\u202e\rsuch"],
            (_, outcome) =>
            {
                AssertHarmless(outcome.Output + outcome.Error);
                Assert.Contains(@"\u001b]0;x\u0007\u009b\u202e", Assert.Single(outcome.ErrorLines), StringComparison.Ordinal);
            });

    [Fact]
    public async Task CorpusShow_HostileText_IsVisible()
    {
        Outcome outcome = (await _sandbox.RunAsync("corpus", "show", "text.txt", "--cleaning", "none")).Succeeded();
        AssertHarmless(outcome.Output);
        Assert.Contains($"  {Visible}", outcome.OutputLines);
    }

    // Even in a pipe, since samples of a run stand among its figures.
    [Fact]
    public async Task Train_HostileText_ItsSamplesAreVisible()
    {
        string[] train = ["train", "--corpus", "text.txt", "--cleaning", "none", "--max-tokens", "0", "--prefix", "\u001b[2J\r\u202e",
            "--epochs", "1", "--run-dir", "run", .. Texts.SmallModel];
        Outcome outcome = (await _sandbox.RunAsync(train)).Succeeded();
        AssertHarmless(outcome.Error);
        Assert.Contains(outcome.ErrorLines, line => line.StartsWith(@"sample  \u001b[2J\r\u202e", StringComparison.Ordinal));
        Assert.Contains(outcome.OutputLines, line => line.StartsWith("\u001b[2J\r\u202e", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Classify_HostileLabels_AreVisible()
    {
        _sandbox.Write("pairs.tsv", string.Concat(Enumerable.Repeat("good\tyes\u001b[2J\nbad\tno\u202e\r\n", 8)));
        (await _sandbox.RunAsync(
            "classify", "train", "--data", "pairs.tsv", "--out", "m", "--epochs", "1", "--hidden", "4", "--batch-size", "4")).Succeeded();
        Outcome outcome = (await _sandbox.RunAsync("classify", "eval", "--checkpoint", "m", "--data", "pairs.tsv")).Succeeded();
        AssertHarmless(outcome.Output);
        Assert.Contains(@"yes\u001b[2J", outcome.Output, StringComparison.Ordinal);

        string shown = await OnTerminalAsync("classify predict --checkpoint m --text good");
        AssertHarmless(shown);
        Assert.Matches(@"^good\t(yes\\u001b\[2J|no\\u202e)\t\d\.\d{4}\r\n", shown);
    }

    // Ignores the sequences that .NET and the program send for the terminal's keys.
    private async Task<string> OnTerminalAsync(string arguments)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "script of util-linux is missing");
        using RunningProgram script = _sandbox.StartProcess("script", "-qec", $"charlm {arguments}", "/dev/null");
        Outcome outcome = (await script.EndAsync()).Succeeded();
        return outcome.Output.Replace("\u001b[?1h\u001b=", "", StringComparison.Ordinal)
            .Replace("\u001b[?1l\u001b>", "", StringComparison.Ordinal);
    }

    private static void AssertHarmless(string shown) => Assert.DoesNotContain(
        shown.Replace("\r\n", "", StringComparison.Ordinal), c =>
            (char.IsControl(c) && c is not ('\n' or '\t')) || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069'));
}
