using System.Globalization;
using System.Text;
using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class ScoreTests(TrainedModels models) : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Score_Lines_GivesEachItsNatsAndBits()
    {
        _sandbox.Environment["LC_ALL"] = "de_DE.UTF-8";
        Outcome outcome = await ScoreAsync("the time traveller\r\n\nqqqq zzzz\n", "--checkpoint", models.Plain);
        outcome.Succeeded();
        string[][] rows = [.. outcome.OutputLines.Select(line => line.Split('\t'))];
        Assert.Equal(["the time traveller", "", "qqqq zzzz"], rows.Select(row => row[2]));
        Assert.Equal(["nan", "nan", ""], rows[1]);
        // Bits per character are nats over ln 2 over characters.
        Assert.Equal(Number(rows[0][0]) / Math.Log(2) / 18, Number(rows[0][1]), 1e-3);
        Assert.True(Number(rows[0][1]) < Number(rows[2][1]), "what the model was trained on surprises it less");
    }

    // Bytes that a legacy decoder replaces without a word, as in a whole text.
    [Fact]
    public async Task Score_BadByteOfALegacyEncoding_IsRefused()
    {
        await File.WriteAllBytesAsync(_sandbox.At("a.txt"), [0x61, 0x0A, 0xA0, 0x0A], TestContext.Current.CancellationToken);
        (await _sandbox.RunAsync("score", "--checkpoint", models.Plain, "a.txt", "--encoding", "shift-jis"))
            .Complained(1, "is not shift-jis after line ");
    }

    [Fact]
    public async Task Score_PerChar_AddsUpToTheLines()
    {
        const string Text = "Grüße\n🐳\tan\n";
        string[] lines = (await ScoreAsync(Text, "--checkpoint", models.Unicode)).OutputLines;
        Outcome outcome = await ScoreAsync(Text, "--checkpoint", models.Unicode, "--per-char");
        outcome.Succeeded();
        string[][] rows = [.. outcome.OutputLines.Select(line => line.Split('\t'))];
        Assert.Equal(["line", "position", "character", "nats", "bits"], rows[0]);
        Assert.Equal("Grüße\\n🐳\\tan\\n", string.Concat(rows[1..].Select(row => row[2])));
        Assert.All(rows, row => Assert.Equal(5, row.Length));
        for (int line = 1; line <= 2; line++)
            Assert.Equal(Number(lines[line - 1].Split('\t')[0]),
                rows[1..].Where(row => row[0] == $"{line}").Sum(row => Number(row[3])), 2e-3);
    }

    // Regressions that were wrong by a factor of 1,500: a dropped carriage return, a lost space between lines.
    [Theory]
    [InlineData("none", "\r\n")]
    [InlineData("none", "\r")]
    [InlineData("d2l", "\n")]
    [InlineData("d2l-v1", "\r\n")]
    public async Task Score_StateCarried_SumsToTheEvaluationOfTheText(string cleaning, string lineEnd)
    {
        string text = string.Concat(
            Enumerable.Range(0, 60).Select(i => $"Ab ba, {(i % 3 == 0 ? "abba" : "baab")}{lineEnd}{(i % 7 == 0 ? lineEnd : "")}")) + "ab";
        File.WriteAllText(_sandbox.At("text.txt"), text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        // One recurrent model; n-grams, which need no torch, for the others.
        string[] learn = lineEnd == "\r\n" && cleaning == "none"
            ? ["train", "--epochs", "3", "--sample-every", "0", "--prefix", "ab", .. Texts.SmallModel] : ["ngram"];
        (await _sandbox.RunAsync([.. learn, "--corpus", "text.txt", "--cleaning", cleaning, "--out", "model"])).Succeeded();
        Outcome[] outcomes = await _sandbox.RunEachAsync(
        [
            ["eval", "model", "--corpus", "text.txt", "--split", "all", "--rows", "1", "--json"],
            ["score", "text.txt", "--checkpoint", "model", "--carry-state", "--json"],
        ]);
        JsonElement eval = outcomes[0].Succeeded().Json();
        JsonElement[] lines = [.. outcomes[1].Succeeded().OutputLines.Select(line => JsonDocument.Parse(line).RootElement)];
        double nats = eval.GetProperty("nats").GetDouble() * eval.GetProperty("tokens").GetDouble();
        Assert.Equal(nats, lines.Sum(line => line.GetProperty("nats").GetDouble()), 1e-5 * nats);
        Assert.Equal(eval.GetProperty("characters").GetInt64(), lines.Sum(line => line.GetProperty("characters").GetInt64()));
        Assert.Equal(60 + 9 + 1, lines.Length);
    }

    [Fact]
    public async Task Score_Page_ColoursTheTextAndLeavesStandardOutputToTheLines()
    {
        string[] score = ["--checkpoint", models.Unicode, "--top", "2"];
        Outcome plain = await ScoreAsync("Grüße\n<b>🐳\n", score), paged = await ScoreAsync("Grüße\n<b>🐳\n", [.. score, "--html"]);
        Assert.Equal(plain.Succeeded().Output, paged.Succeeded().Output);
        Assert.EndsWith("page: score.html; open it in a browser\n", paged.Error, StringComparison.Ordinal);
        string page = await File.ReadAllTextAsync(_sandbox.At("score.html"));
        Assert.Matches("title=\"[0-9.]+; expected . [0-9.]+, . [0-9.]+\">ß</span>", page);
        Assert.Contains("&lt;b&gt;", page, StringComparison.Ordinal);
        Assert.Contains("2 lines", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Score_NothingThatItKnows_Fails()
    {
        (await ScoreAsync("", "--checkpoint", models.Plain)).Refused(1, "standard input has no text to score");
        (await ScoreAsync("123 456\n", "--checkpoint", models.Plain)).Complained(1, "standard input has no text to score");
        (await ScoreAsync("0987\n", "--checkpoint", models.Unicode))
            .Complained(1, "none of the 4 tokens of standard input is in the model's vocab");
    }

    [Fact]
    public async Task Score_BadInput_IsRefusedInOneLine()
    {
        File.WriteAllBytes(_sandbox.At("latin1.txt"), [0x47, 0x72, 0xFC, 0xDF, 0x65, 0x0A]);
        await _sandbox.RefuseEachAsync(
            (1, ["score", "latin1.txt", "--checkpoint", models.Plain], ["latin1.txt' is not UTF-8", "--encoding"]),
            (1, ["score", "missing.txt", "--checkpoint", models.Plain], ["there is no file", "missing.txt"]),
            (1, ["score", ".", "--checkpoint", models.Plain], ["latin1.txt' is not UTF-8"]),
            (2, ["score", "--per-char", "--json"], ["leave --per-char out"]));
    }

    private Task<Outcome> ScoreAsync(string text, params string[] options) =>
        _sandbox.RunWithInputAsync(Encoding.UTF8.GetBytes(text), ["score", .. options]);

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
