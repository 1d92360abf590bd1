using System.Globalization;
using System.Text;
using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary><c>generate --novelty</c> and <c>score --top</c>: what a model copies, and what it expects.</summary>
public sealed class NoveltyTests(TrainedModels models) : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Generate_Novelty_TellsOfEachSampleWhatItCopies()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        _sandbox.Write("other.txt", "Kein\u001b Wort.\n");
        Outcome[] outcomes = await _sandbox.RunEachAsync(
        [
            Generate("--novelty", "--corpus", "text.txt", "--length", "40"),
            Generate("--novelty", "--corpus", "text.txt", "--length", "40", "--samples", "2", "--temperature", "2", "--json"),
            Generate("--novelty", "--corpus", "text.txt", "--length", "40", "--samples", "2", "--temperature", "2"),
            Generate("--novelty", "--corpus", "other.txt", "--length", "5"),
            Generate("--length", "5", "--json"),
        ]);
        string text = Texts.Plain.Replace('\n', ' ');
        // The model has memorised the first line, and d2l's cleaning leaves nothing between two lines.
        Assert.Matches(
            "^novelty: the longest passage copied from the training text has [0-9]+ of its 40 characters, \".+\"; [0-9]+\\.[0-9] % of its "
                + "passages of 8 characters are copied$", Assert.Single(outcomes[0].Succeeded().ErrorLines));
        JsonElement json = outcomes[1].Succeeded().Json();
        JsonElement[] samples = [.. json.GetProperty("samples").EnumerateArray()];
        Assert.Empty(outcomes[1].Error);
        Assert.Equal(samples[0].GetProperty("novelty").GetRawText(), json.GetProperty("novelty").GetRawText());
        Assert.All(samples, sample =>
        {
            string continuation = sample.GetProperty("continuation").GetString()!;
            JsonElement novelty = sample.GetProperty("novelty");
            string training = string.Concat(Texts.Plain.Where(c => c != '\n')), passage = novelty.GetProperty("longest_passage").GetString()!;
            int longest = Enumerable.Range(0, continuation.Length + 1).Last(length => Enumerable.Range(0, continuation.Length - length + 1)
                .Any(begin => training.Contains(continuation.Substring(begin, length), StringComparison.Ordinal)));
            Assert.Equal((longest, longest, 40),
                (novelty.GetProperty("longest_length").GetInt32(), passage.Length, novelty.GetProperty("tokens").GetInt32()));
            Assert.Contains(passage, training, StringComparison.Ordinal);
            Assert.Equal(Enumerable.Range(0, 33).Average(begin => training.Contains(continuation.Substring(begin, 8), StringComparison.Ordinal) ? 1.0 : 0),
                novelty.GetProperty("copied_share").GetDouble(), 1e-9);
        });
        Assert.Equal(["novelty of 0", "novelty of 1"], outcomes[2].Succeeded().ErrorLines.Select(line => line.Split(':')[0]));
        Assert.Contains("'text.txt'; the checksums differ", outcomes[3].Succeeded().ErrorLines[0], StringComparison.Ordinal);
        Assert.Contains("other.txt", outcomes[3].ErrorLines[1], StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, outcomes[4].Succeeded().Json().GetProperty("novelty").ValueKind);
    }

    [Fact]
    public async Task Generate_NoveltyWithoutACorpus_FindsTheModelsText()
    {
        _sandbox.Write("own.txt", string.Concat(Enumerable.Range(0, 300).Select(i => $"{i * i} ist das Quadrat von {i}.\n")));
        (await _sandbox.RunAsync("ngram", "own.txt", "--cleaning", "none", "--out", "own")).Succeeded();
        string[] generate = ["generate", "16 ist", "--checkpoint", "own", "--novelty", "--length", "20"];
        Assert.Contains("the longest passage copied from the training text has", Assert.Single((await _sandbox.RunAsync(generate))
            .Succeeded().ErrorLines, line => line.StartsWith("novelty", StringComparison.Ordinal)), StringComparison.Ordinal);
        _sandbox.Write("own.txt", "Anders als zuvor.\n");
        Assert.Contains("changed", Assert.Single((await _sandbox.RunAsync(generate)).Succeeded().Complaints), StringComparison.Ordinal);
    }

    [Fact]
    public Task Generate_NoveltyThatCannotBe_IsRefused() => _sandbox.RefuseEachAsync(
        (2, Generate("--corpus", "text.txt"), ["give --novelty"]),
        (2, Generate("--novelty", "--interactive"), ["leave interactive out"]));

    [Fact]
    public async Task Score_Top_AddsWhatWasExpectedAndARowAfterTheLast()
    {
        byte[] input = Encoding.UTF8.GetBytes("Grüße\nan\t");
        Outcome plain = await ScoreAsync(input, "--per-char"), top = await ScoreAsync(input, "--top", "2");
        Outcome oneText = await ScoreAsync(input, "--top", "2", "--carry-state"), json = await ScoreAsync(input, "--top", "2", "--json");
        string[][] rows = Rows(top), text = Rows(oneText);
        Assert.Equal(["line", "position", "character", "nats", "bits", "top1", "p1", "top2", "p2"], rows[0]);
        Assert.All(rows.Concat(text), row => Assert.Equal(9, row.Length));
        // Each line has a row after its last token; one text has only one such row, at its end.
        Assert.Equal(["1 7", "2 4"], rows.Where(row => row[2] is "").Select(row => $"{row[0]} {row[1]}"));
        Assert.Equal(["2 4"], text.Where(row => row[2] is "").Select(row => $"{row[0]} {row[1]}"));
        Assert.Equal(["1", "1", "G", "nan", "nan", "", "", "", ""], text[1]);
        string[][] expected = Rows(plain);
        Assert.Equal(expected[1..].Select(row => row[2]), rows[1..].Where(row => row[2] is not "").Select(row => row[2]));
        Assert.All(expected[1..].Zip(rows[1..].Where(row => row[2] is not "")), pair => Assert.Equal(Number(pair.First[3]), Number(pair.Second[3]), 2e-3));
        Assert.All(rows[1..], row => Assert.True(Number(row[6]) >= Number(row[8]) && Number(row[8]) >= 0));
        // If the most probable token is the actual one, its probability matches its surprisal.
        Assert.All(rows[1..].Where(row => row[2] == row[5]), row => Assert.Equal(Math.Exp(-Number(row[3])), Number(row[6]), 2e-4));
        JsonElement line = JsonDocument.Parse(json.OutputLines[0]).RootElement;
        Assert.Equal(rows[2][5], line.GetProperty("tokens")[1].GetProperty("expected")[0].GetProperty("token").GetString());
        Assert.Equal(2, line.GetProperty("next").GetArrayLength());
    }

    [Fact]
    public Task Score_TopOutOfRange_IsRefused() => _sandbox.RefuseEachAsync(
        (2, ["score", "--top", "-1"], ["top must be 0 (none) to 1000, not -1"]),
        (2, ["score", "--top", "1001"], ["not 1001"]));

    private string[] Generate(params string[] options) => ["generate", "--checkpoint", models.Plain, .. options];

    private async Task<Outcome> ScoreAsync(byte[] input, params string[] options) =>
        (await _sandbox.RunWithInputAsync(input, ["score", "--checkpoint", models.Unicode, .. options])).Succeeded();

    private static string[][] Rows(Outcome outcome) => [.. outcome.OutputLines.Select(line => line.Split('\t'))];

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
