using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Models and run directories written by the program of commit 4010d82: they are read, and give the figures it gave.</summary>
public sealed class OldFilesTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public OldFilesTests()
    {
        string fixtures = Path.Combine(Repository.Root, "tests", "CharLM.Cli.Tests", "fixtures", "4010d82");
        foreach (string file in Directory.EnumerateFiles(fixtures, "*", SearchOption.AllDirectories))
        {
            string copy = _sandbox.At(Path.GetRelativePath(fixtures, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    public void Dispose() => _sandbox.Dispose();

    private static readonly (string Model, double Nats)[] Figures =
    [
        ("text-complete/checkpoints/best.safetensors", 2.3426919671800404),
        ("text-complete/checkpoints/last.safetensors", 2.3426919671800404),
        ("text-resumable/checkpoints/last.safetensors", 2.294306117863125),
        ("attention.safetensors", 2.493538474406136),
        ("counted.safetensors", 1.7109004651321305),
    ];

    [Fact]
    public Task Eval_OldModel_GivesItsFigure() =>
        _sandbox.RunEachAsync(
            Figures, old => ["eval", old.Model, "--corpus", "story.txt", "--split", "all", "--rows", "1", "--json"], (old, outcome) =>
            {
                JsonElement json = outcome.Succeeded().Json();
                Assert.Equal(old.Nats, json.GetProperty("nats").GetDouble(), 1e-5);
                Assert.Equal(5625, json.GetProperty("tokens").GetInt32());
            });

    [Fact]
    public async Task Generate_OldModels_WriteTheirText()
    {
        Assert.Equal("the time the the the the the the the the the the the the the the the\n",
            (await _sandbox.RunAsync(
                "generate", "--checkpoint", "text-complete/checkpoints/best.safetensors", "--prefix", "the time", "--length", "60"))
                    .Succeeded().Output);
        Assert.Equal("the timens fere a e th at his whis of threask ons modinfrt it wensio\n",
            (await _sandbox.RunAsync(
                "generate", "--checkpoint", "counted.safetensors", "--prefix", "the time", "--temperature", "1", "--seed", "1", "--length",
                    "60")).Succeeded().Output);
    }

    [Fact]
    public async Task Resume_OldRun_EndsAsTheUncutOne()
    {
        Outcome run = (await _sandbox.RunAsync("train", "--resume", "text-resumable", "--threads", "1")).Succeeded();
        // Other processors may round differently.
        Assert.StartsWith("perplexity 8.85", run.OutputLines[0], StringComparison.Ordinal);
        Assert.Equal([1, 2, 3, 4],
            File.ReadLines(_sandbox.At("text-resumable/metrics.jsonl"))
                .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("epoch").GetInt32()));
    }

    [Fact]
    public Task Report_OldRun_IsShown() =>
        _sandbox.RunEachAsync(["text-complete", "classifier-complete", "translator-complete"],
            run => ["report", run, "--out", $"{run}.html"], (run, outcome) =>
            {
                outcome.Succeeded();
                Assert.Contains(run, File.ReadAllText(_sandbox.At($"{run}.html")), StringComparison.Ordinal);
            });

    [Fact]
    public async Task Eval_OldModelsOnPairs_GiveTheirFigures()
    {
        JsonElement labels = (
            await _sandbox.RunAsync(
                "classify", "eval", "--checkpoint", "classifier-complete/checkpoints/best.safetensors", "--data", "labels-held.tsv",
                    "--json")).Succeeded().Json();
        Assert.Equal(0.5, labels.GetProperty("accuracy").GetDouble());
        Assert.Equal("[[20,0],[20,0]]", labels.GetProperty("confusion").GetRawText());
        JsonElement texts = (
            await _sandbox.RunAsync(
                "seq2seq", "eval", "--checkpoint", "translator-complete/checkpoints/last.safetensors", "--data", "reversed-held.tsv",
                    "--json")).Succeeded().Json();
        Assert.Equal((20, 0d), (texts.GetProperty("pairs").GetInt32(), texts.GetProperty("exact_match").GetDouble()));
    }

    [Theory]
    [InlineData("classify", "classifier-complete", "time world")]
    [InlineData("seq2seq", "translator-complete", "abc")]
    public async Task Predict_RunDirectoryForAModel_TakesItsBest(string verb, string run, string text)
    {
        Outcome[] outcomes = await _sandbox.RunEachAsync(
        [
            [verb, "predict", "--checkpoint", run, "--text", text],
            [verb, "predict", "--checkpoint", $"{run}/checkpoints/best.safetensors", "--text", text],
        ]);
        Assert.Equal(outcomes[1].Succeeded(), outcomes[0]);
    }

    [Theory]
    [InlineData("classify", "classifier-complete")]
    [InlineData("seq2seq", "translator-complete")]
    public async Task Resume_OldRunOnPairs_GoesOn(string verb, string run)
    {
        (await _sandbox.RunAsync(verb, "train", "--resume", run, "--epochs", "4", "--threads", "1")).Succeeded();
        Assert.Equal(4, File.ReadLines(_sandbox.At($"{run}/metrics.jsonl")).Count());
    }
}
