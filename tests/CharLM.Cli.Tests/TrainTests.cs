using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class TrainTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    private string[] Train => ["train", "--corpus", _sandbox.Write("text.txt", Texts.Plain), .. Texts.SmallModel];

    [Fact]
    public async Task Train_SmallText_PerplexityFallsAndACheckpointContinuesTheText()
    {
        Outcome train = (await _sandbox.RunAsync([.. Train, "--epochs", "5", "--log-json", "logs/run.jsonl"])).Succeeded();

        JsonElement[] log = [.. File.ReadLines(_sandbox.At("logs/run.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];
        double[] perplexities = [.. log.Where(line => line.TryGetProperty("train_perplexity", out _))
            .Select(line => line.GetProperty("train_perplexity").GetDouble())];
        Assert.Equal(5, perplexities.Length);
        Assert.Equal(perplexities.OrderDescending(), perplexities);
        Assert.True(perplexities[^1] < perplexities[0] / 2, string.Join(", ", perplexities));
        // Samples follow epochs 1, 2 and the last.
        Assert.Equal([1, 1, 2, 2, 3, 4, 5, 5], log.Select(line => line.GetProperty("epoch").GetInt32()));

        Assert.Matches(@"^perplexity \d+\.\d+, [\d,]+ tokens/s, 5 epochs, checkpoints/last\.safetensors$", train.OutputLines[0]);
        Assert.StartsWith("time traveller", train.OutputLines[1], StringComparison.Ordinal);
        Assert.Equal(2, train.OutputLines.Length);
        Assert.Equal(train.OutputLines[1], log[^1].GetProperty("sample").GetString());
        Assert.Equal(["checkpoints", "checkpoints/.last", "checkpoints/last.safetensors", "logs", "logs/run.jsonl", "text.txt"],
            _sandbox.Files().Where(file => !file.StartsWith("runs", StringComparison.Ordinal)));
        Assert.Matches(@"^runs/\d{4}-\d\d-\d\d-\d{6}-text-gru32$",
            Assert.Single(Directory.GetDirectories(_sandbox.At("runs")).Select(run => Path.GetRelativePath(_sandbox.Folder, run))));

        // generate uses the model trained last.
        Outcome generate = (await _sandbox.RunAsync("generate", "--length", "30")).Succeeded();
        Assert.Equal("time traveller".Length + 30 + "\n".Length, generate.Output.Length);
        Assert.StartsWith(generate.Output.TrimEnd('\n'), train.OutputLines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_Json_IsOneObjectAndNothingElse()
    {
        JsonElement json = (await _sandbox.RunAsync([.. Train, "--epochs", "2", "--validation-fraction", "0.1", "--json"]))
            .Succeeded().Json();
        Assert.Equal("text.txt", json.GetProperty("corpus").GetString());
        Assert.Equal(2, json.GetProperty("epochs").GetInt32());
        Assert.True(json.GetProperty("train_perplexity").GetDouble() > 1);
        Assert.True(json.GetProperty("held_out_perplexity").GetDouble() > 1);
        Assert.Equal("checkpoints/last.safetensors", json.GetProperty("checkpoint").GetString());
        Assert.False(json.GetProperty("interrupted").GetBoolean());
    }

    [Fact]
    public async Task Train_SameSeed_SameNumbers()
    {
        string[] seven = [.. Train, "--epochs", "2", "--seed", "7", "--json"];
        double first = await PerplexityAsync(seven), again = await PerplexityAsync(seven);
        double other = await PerplexityAsync([.. Train, "--epochs", "2", "--seed", "8", "--json"]);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public async Task Train_TextOnStandardInput_IsRead()
    {
        byte[] text = [.. "\uFEFF"u8, .. System.Text.Encoding.UTF8.GetBytes(Texts.Plain)];
        JsonElement json = (await _sandbox.RunWithInputAsync(
            text, ["train", "--corpus", "-", "--epochs", "1", "--json", .. Texts.SmallModel])).Succeeded().Json();
        Assert.Equal("standard input", json.GetProperty("corpus").GetString());
    }

    [Theory]
    [InlineData("rnn", "custom")]
    [InlineData("gru", "custom")]
    [InlineData("lstm", "built-in")]
    public async Task Train_EveryKindOfCell_Learns(string cell, string implementation)
    {
        JsonElement json = (await _sandbox.RunAsync(
            [.. Train, "--epochs", "3", "--cell", cell, "--implementation", implementation, "--max-tokens", "2000", "--json"]))
                .Succeeded().Json();
        Assert.InRange(json.GetProperty("train_perplexity").GetDouble(), 1, json.GetProperty("vocab_size").GetInt32());
    }

    [Fact]
    public async Task Train_PlainReport_HasNoEscapesAndNamesTheText()
    {
        Outcome train = (await _sandbox.RunAsync([.. Train, "--epochs", "3", "--report-every", "1"])).Succeeded();
        Assert.DoesNotContain('\u001b', train.Error);
        Assert.DoesNotContain('\r', train.Error);
        Assert.StartsWith("text    text.txt: 6,120 tokens; vocab 24", train.ErrorLines[0], StringComparison.Ordinal);
        Assert.Equal(3, train.ErrorLines.Count(line => line.StartsWith("epoch ", StringComparison.Ordinal)));
        Assert.Empty(train.Complaints);
    }

    [Fact]
    public async Task Train_LossThatExplodes_FailsAndKeepsTheOldCheckpoint()
    {
        (await _sandbox.RunAsync([.. Train, "--epochs", "1"])).Succeeded();
        byte[] before = await File.ReadAllBytesAsync(_sandbox.At("checkpoints/last.safetensors"));
        Outcome outcome = await _sandbox.RunAsync(
            [.. Train, "--epochs", "50", "--lr", "1e38", "--clip", "0", "--implementation", "custom", "--cell", "rnn"]);
        outcome.Complained(1, "the loss became", "smaller learning rate");
        Assert.Equal(before, await File.ReadAllBytesAsync(_sandbox.At("checkpoints/last.safetensors")));
    }

    // The loss is finite in nats, but its perplexity is not.
    [Fact]
    public async Task Train_PerplexityBeyondAnyNumber_FailsAndKeepsTheOldCheckpoint()
    {
        (await _sandbox.RunAsync([.. Train, "--epochs", "1", "--out", "boom"])).Succeeded();
        byte[] before = await File.ReadAllBytesAsync(_sandbox.At("boom"));
        Outcome outcome = await _sandbox.RunAsync(
            [.. Train, "--epochs", "3", "--lr", "1e5", "--clip", "0", "--out", "boom", "--log-json", "log", "--json"]);
        outcome.Complained(1, "nats, whose perplexity is not finite", "smaller learning rate");
        Assert.Empty(outcome.Output);
        Assert.Equal(before, await File.ReadAllBytesAsync(_sandbox.At("boom")));
        Assert.DoesNotContain("Infinity", await File.ReadAllTextAsync(_sandbox.At("log")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--patience", "1")]
    [InlineData("--schedule", "plateau")]
    public async Task Train_HeldOutPartOfNothing_IsRefusedWithItsTokens(params string[] options)
    {
        await _sandbox.RefuseEachAsync(
            (2, [.. Train, "--max-tokens", "0", "--validation-fraction", "0.0002", .. options],
                ["of the text's 6120 tokens comes to 1 token", "take 0.0004 or more"]),
            (2, ["ngram", "--corpus", "text.txt", "--validation-fraction", "0.0002"], ["comes to 1 token"]));
        Assert.Equal(["text.txt"], _sandbox.Files());
    }

    [Fact]
    public async Task Train_WorkingDirectoryThatIsGone_IsRefusedInOneLine()
    {
        foreach (string verb in new[] { "train --corpus bundled", "generate", "--version", "eval" })
            (await _sandbox.BashAsync($"mkdir gone && cd gone && rmdir ../gone && exec charlm {verb}"))
                .Refused(1, "the working directory no longer exists");
    }

    [Fact]
    public async Task Train_ModelTooLargeForTheMemory_FailsInOneLine()
    {
        // One weight of this model has 51 GB; the limit keeps large machines from trying.
        _sandbox.Environment["DOTNET_GCHeapHardLimit"] = "0x10000000";
        Outcome outcome = await _sandbox.BashAsync("ulimit -v 25000000; exec charlm \"$@\"", [.. Train[..3], "--hidden", "65536"]);
        outcome.Refused(1, "libtorch:", "memory");
        Assert.Equal(["text.txt"], _sandbox.Files());
    }

    private async Task<double> PerplexityAsync(string[] arguments) =>
        (await _sandbox.RunAsync(arguments)).Succeeded().Json().GetProperty("train_perplexity").GetDouble();
}
