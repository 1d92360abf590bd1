using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>A text of the user's own: settings by its length, unseen text measured, and every later verb without options.</summary>
public sealed class OwnModelTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Train_OwnText_EveryLaterVerbNeedsNoOption()
    {
        _sandbox.Write("mybook.txt", Text);
        Outcome trained = (await _sandbox.RunAsync("train", "mybook.txt", "--minutes", "0.05")).Succeeded();
        Assert.Contains("unseen  perplexity", trained.Error, StringComparison.Ordinal);
        Assert.Contains("on the test part", trained.Error, StringComparison.Ordinal);
        string run = Path.GetFileName(Assert.Single(Directory.GetDirectories(_sandbox.At("runs"))));
        Assert.Matches("^[0-9-]{17}-mybook-lstm128$", run);

        // A text unlike that of the shipped model.
        Outcome generated = (await _sandbox.RunAsync("generate", "--length", "20")).Succeeded();
        Assert.Contains($"{run}/checkpoints", generated.Error, StringComparison.Ordinal);
        Assert.StartsWith("Größe", generated.Output, StringComparison.Ordinal);
        JsonElement eval = (await _sandbox.RunAsync("eval", "--json")).Succeeded().Json();
        Assert.Contains("(test part)", eval.GetProperty("text").GetString(), StringComparison.Ordinal);
        (await _sandbox.RunAsync("report", "--no-eval")).Succeeded();
        Assert.Contains(run, (await _sandbox.RunAsync("runs")).Succeeded().Output, StringComparison.Ordinal);
        Outcome again = (await _sandbox.RunAsync("train", "--checkpoint", "--steps", "2")).Succeeded();
        Assert.Contains("mybook.txt", again.Error, StringComparison.Ordinal);
    }

    // The measured steps are in config.yaml: with it, another machine does the same.
    [Fact]
    public async Task Train_ConfigOfARunByMinutes_RepeatsItToTheBit()
    {
        _sandbox.Write("mybook.txt", Text);
        (await _sandbox.RunAsync("train", "mybook.txt", "--minutes", "0.02", "--run-dir", "one", "--threads", "1")).Succeeded();
        (await _sandbox.RunAsync("train", "--config", "one/config.yaml", "--run-dir", "two", "--threads", "1")).Succeeded();
        Assert.Equal(Figures("one"), Figures("two"));

        string Figures(string run) => string.Join('\n', File.ReadLines(_sandbox.At($"{run}/metrics.jsonl")).Select(line =>
        {
            JsonElement epoch = JsonDocument.Parse(line).RootElement;
            return $"{epoch.GetProperty("step")} {epoch.GetProperty("train_loss")} {epoch.GetProperty("held_out_loss")}";
        }));
    }

    // The run, eval and report read the same tokens in the same way; their n-gram baseline equals that of charlm ngram.
    [Fact]
    public async Task Train_UnseenText_IsThatOfEvalReportAndNGram()
    {
        _sandbox.Write("mybook.txt", Text);
        JsonElement unseen = (await _sandbox.RunAsync("train", "mybook.txt", "--steps", "40", "--json")).Succeeded().Json()
            .GetProperty("unseen");
        Assert.Equal("test", unseen.GetProperty("part").GetString());
        double loss = unseen.GetProperty("loss").GetDouble();
        Assert.Equal(loss, (await _sandbox.RunAsync("eval", "--json")).Succeeded().Json().GetProperty("nats").GetDouble(), 1e-9);
        JsonElement reported = (await _sandbox.RunAsync("report", "--json")).Succeeded().Json().GetProperty("runs")[0];
        Assert.Equal(loss, reported.GetProperty("unseen_bits_per_character").GetDouble() * Math.Log(2), 1e-9);
        JsonElement counted = (await _sandbox.RunAsync("ngram", "mybook.txt", "--cleaning", "none", "--validation-fraction", "0.05",
            "--test-fraction", "0.05", "--json")).Succeeded().Json();
        Assert.Equal(counted.GetProperty("held_out").GetProperty("nats").GetDouble(), unseen.GetProperty("n_gram_loss").GetDouble(), 1e-9);
    }

    [Theory]
    [InlineData(200, true)]
    [InlineData(1, false)]
    public async Task Train_ShortPartOfAText_LearnedByHeartIsSaid(int epochs, bool byHeart)
    {
        Outcome outcome = (await _sandbox.RunAsync("train", "--corpus", "bundled", "--max-tokens", "400", "--epochs", $"{epochs}", "--hidden",
            "64", "--batch-size", "4", "--num-steps", "20", "--optimizer", "adam", "--lr", "0.01", "--sample-every", "0")).Succeeded();
        Assert.Contains("on the rest of the text", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(byHeart, outcome.Error.Contains("the model memorised its text", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Train_OwnTextAndOptions_OptionsWin()
    {
        _sandbox.Write("mybook.txt", Text);
        string config = (await _sandbox.RunAsync("train", "mybook.txt", "--hidden", "24", "--epochs", "2", "--print-config")).Succeeded().Output;
        foreach (string line in new[] { "cleaning: none", "max_tokens: 0", "test_fraction: 0.05", "num_hiddens: 24", "num_epochs: 2", "optimizer: adamw" })
            Assert.Contains(line, config, StringComparison.Ordinal);
        Assert.DoesNotContain("minutes", config, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { "train", "short.txt" }, "has 20 characters", "2000")]
    [InlineData(new[] { "train", "mybook.txt", "--minutes", "0" }, "minutes must be above 0")]
    [InlineData(new[] { "train", "mybook.txt", "--steps", "-1" }, "steps must be 0")]
    [InlineData(new[] { "train", "mybook.txt", "--validation-fraction", "0.5", "--test-fraction", "0.5" }, "together must be at most 0.9")]
    [InlineData(new[] { "report" }, "nothing was trained here yet")]
    [InlineData(new[] { "runs", "--prune", "-1" }, "prune must be 0 or more")]
    public async Task AnyVerb_WhatCannotBe_IsRefusedInOneLine(string[] arguments, params string[] parts)
    {
        _sandbox.Write("mybook.txt", Text);
        _sandbox.Write("short.txt", "twenty characters ok");
        (await _sandbox.RunAsync(arguments)).Refused(2, parts);
    }

    [Fact]
    public async Task Runs_Prune_KeepsTheNewestAndWhatIsNoRun()
    {
        for (int day = 1; day <= 3; day++)
        {
            Directory.CreateDirectory(_sandbox.At($"runs/run-{day}/checkpoints"));
            _sandbox.Write($"runs/run-{day}/environment.json", "{}");
            string config = _sandbox.Write($"runs/run-{day}/config.yaml", "seed: 1\n");
            File.SetLastWriteTimeUtc(_sandbox.At(config), new DateTime(2026, 11, day, 0, 0, 0, DateTimeKind.Utc));
        }
        // The program must not remove a project with a configuration, nor foreign files beside a run.
        Directory.CreateDirectory(_sandbox.At("runs/app"));
        string project = _sandbox.Write("runs/app/config.yaml", "mine: 1\n"), notes = _sandbox.Write("runs/run-1/notes.txt", "mine");
        File.SetLastWriteTimeUtc(_sandbox.At(project), new DateTime(2026, 10, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Equal(["app", "run-1", "run-2", "run-3"], (await _sandbox.RunAsync("runs")).Succeeded().Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(row => row.Split(' ')[0]));

        Assert.Equal(
            "{\"removed\":[],\"kept\":[]}\n", (await _sandbox.RunAsync("runs", "--prune", "4", "--json")).Succeeded().Output);

        Outcome pruned = (await _sandbox.RunAsync("runs", "--prune", "1")).Succeeded();
        Assert.Equal("removed runs/run-2\n", pruned.Output);
        Assert.Contains("runs/run-1: kept", pruned.Error, StringComparison.Ordinal);
        Assert.Contains("runs/app: kept", pruned.Error, StringComparison.Ordinal);
        Assert.Equal([project, notes, "runs/run-3/config.yaml", "runs/run-3/environment.json"],
            _sandbox.Files().Where(file => File.Exists(_sandbox.At(file)) && !file.EndsWith(".lock", StringComparison.Ordinal)));
    }

    // 6,000 characters with umlauts, almost repetitive.
    private static string Text => string.Concat(
        Enumerable.Range(0, 150).Select(i => $"Größe {i * i % 17} läßt sich messen, Übung {i % 7} macht Meister.\n"));
}
