using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary><c>charlm report</c>.</summary>
public sealed class ReportTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Report_OfRunAndLog_WritesPageMarkdownAndCsv()
    {
        await TrainAsync("--validation-fraction", "0.2", "--log-json", "log.jsonl");
        Outcome report = (await _sandbox.RunAsync(
            "report", "runs/one", "log.jsonl", "--markdown", "report.md", "--csv", "csv", "--threads", "1")).Succeeded();

        Assert.Equal(["report.html", "report.md", "csv/runs.csv", "csv/epochs.csv", "csv/evaluations.csv"], report.OutputLines);
        Assert.DoesNotContain(report.Complaints, line => !line.Contains("npm", StringComparison.Ordinal));
        string html = File.ReadAllText(_sandbox.At("report.html")), markdown = File.ReadAllText(_sandbox.At("report.md"));
        Assert.All(new[] { "n-gram of order 7", "gzip -9", "Surprisal", "Learning curves", "Environment" }, part =>
        {
            Assert.Contains(part, html, StringComparison.Ordinal);
            Assert.Contains(part, markdown, StringComparison.Ordinal);
        });
        // The figures match the run's own metrics.
        string[] metrics = File.ReadAllLines(_sandbox.At("runs/one/metrics.jsonl"));
        double perplexity = JsonDocument.Parse(metrics[^1]).RootElement.GetProperty("train_perplexity").GetDouble();
        string[][] epochs = [.. File.ReadAllLines(_sandbox.At("csv/epochs.csv")).Select(line => line.Split(','))];
        Assert.Equal(1 + (2 * metrics.Length), epochs.Length);
        Assert.All(new[] { metrics.Length, 2 * metrics.Length }, row => Assert.Equal(perplexity, double.Parse(epochs[row][3])));
    }

    [Theory]
    [InlineData("classify", "accuracy", "Confusion matrix", "macro-F1")]
    [InlineData("seq2seq", "exact_match", "Attention", "character error rate")]
    public async Task Report_OfRunsOnPairs_WritesPageMarkdownAndCsv(string verb, string figure, params string[] parts)
    {
        await TrainOnPairsAsync(verb, "runs/one", "--validation", "pairs.tsv");
        await TrainOnPairsAsync(verb, "runs/two");
        Outcome report = (await _sandbox.RunAsync(
            "report", "runs/one", "runs/two", "--markdown", "report.md", "--csv", "csv", "--threads", "1", "--json")).Succeeded();

        Assert.Contains(report.Complaints, line => line.Contains("two is not measured: it held no pairs out", StringComparison.Ordinal));
        string html = File.ReadAllText(_sandbox.At("report.html")), markdown = File.ReadAllText(_sandbox.At("report.md"));
        Assert.All([.. parts, "Learning curves", "Predictions", "Environment"], part =>
        {
            Assert.Contains(part, html, StringComparison.Ordinal);
            Assert.Contains(part, markdown, StringComparison.Ordinal);
        });
        // The figures match the run's own metrics, and a new measurement of its best model.
        double[] held = [.. File.ReadLines(_sandbox.At("runs/one/metrics.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("held_out").GetProperty(figure).GetDouble())];
        JsonElement one = report.Json().GetProperty("runs")[0];
        Assert.Equal((held[^1], held.Max(), held.Max()),
            (one.GetProperty("held_out").GetProperty(figure).GetDouble(), one.GetProperty("best_held_out").GetDouble(),
                one.GetProperty("measured").GetProperty(figure).GetDouble()));
        Assert.Equal(JsonValueKind.Null, report.Json().GetProperty("runs")[1].GetProperty("measured").ValueKind);
        string[][] epochs = [.. File.ReadAllLines(_sandbox.At("csv/epochs.csv")).Select(line => line.Split(','))];
        Assert.Equal([.. held.Select(value => $"{value}"), "", ""], epochs[1..].Select(row => row[Array.IndexOf(epochs[0], figure)]));
    }

    [Fact]
    public async Task Report_OfDifferentKinds_IsRefused()
    {
        await TrainOnPairsAsync("classify", "runs/pairs");
        await TrainAsync();
        (await _sandbox.RunAsync("report", "runs/pairs", "runs/one"))
            .Refused(2, "runs of different kinds", "runs/pairs (classifier), runs/one (language model)");
        Assert.False(File.Exists(_sandbox.At("report.html")));
    }

    [Fact]
    public async Task Report_WhoseTextIsGone_SaysSoAndReportsTheRest()
    {
        await TrainAsync("--validation-fraction", "0.2");
        File.Delete(_sandbox.At("text.txt"));
        Outcome report = (await _sandbox.RunAsync("report", "runs/one", "--json")).Succeeded();

        Assert.Contains(report.Complaints, line => line.Contains("warning: one is not measured", StringComparison.Ordinal));
        Assert.Contains("one is not measured", File.ReadAllText(_sandbox.At("report.html")), StringComparison.Ordinal);
        JsonElement run = Assert.Single(report.Json().GetProperty("runs").EnumerateArray());
        Assert.Equal(JsonValueKind.Null, run.GetProperty("unseen_bits_per_character").ValueKind);
        Assert.Equal(2, run.GetProperty("epoch").GetInt32());
    }

    [Fact]
    public async Task Report_BadInput_IsRefusedAndNothingWritten()
    {
        (await _sandbox.RunAsync("report")).Refused(2);
        await _sandbox.RefuseEachAsync(
            (2, ["report", ""], ["empty"]),
            (1, ["report", "/dev/zero"], ["/dev/zero"]),
            (1, ["report", "nowhere"], ["nowhere", "is not a run"]));
        Directory.CreateDirectory(_sandbox.At("runs/broken"));
        _sandbox.Write("runs/broken/config.yaml", "model: [1\n");
        (await _sandbox.RunAsync("report", "runs/broken")).Refused(2, "config.yaml");
        _sandbox.Write("log.jsonl", "{\"epoch\":1,\"train_perplexity\":2}\n");
        await _sandbox.RefuseEachAsync(
            (2, ["report", "log.jsonl", "./log.jsonl"], ["named twice"]),
            (2, ["report", "log.jsonl", "--out", "a", "--markdown", "./a"], ["the same file"]),
            (1, ["report", "log.jsonl", "--out", "runs"], ["runs", "folder"]),
            (1, ["report", "log.jsonl", "--csv", "log.jsonl"], ["log.jsonl"]));
        Assert.Equal(["log.jsonl", "runs", "runs/broken", "runs/broken/config.yaml"], _sandbox.Files());
    }

    private async Task TrainOnPairsAsync(string verb, string run, params string[] options)
    {
        string pairs = _sandbox.Write("pairs.tsv", "ab\ta\nba\tb\naab\ta\nbba\tb\nabb\ta\n");
        (await _sandbox.RunAsync(
            [verb, "train", "--data", pairs, "--epochs", "2", "--hidden", "8", "--threads", "1", "--run-dir", run, .. options]))
                .Succeeded();
    }

    private async Task TrainAsync(params string[] options) =>
        (await _sandbox.RunAsync(
            ["train", "--corpus", _sandbox.Write("text.txt", Texts.Plain), "--epochs", "2", "--run-dir", "runs/one", .. Texts.SmallModel,
                .. options])).Succeeded();
}
