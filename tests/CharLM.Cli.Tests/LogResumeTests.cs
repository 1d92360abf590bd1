using System.Text.Json.Nodes;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Log lines written after the last checkpoint of a killed process are rewritten, and appear once.</summary>
public sealed class LogResumeTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Theory]
    [InlineData("train")]
    [InlineData("classify")]
    [InlineData("seq2seq")]
    public async Task Resume_AfterAKill_HasEveryLineOnce(string verb)
    {
        string[] train = verb == "train"
            ? ["train", "--corpus", _sandbox.Write("text.txt", Texts.Plain), "--max-tokens", "1000", .. Texts.SmallModel]
            : [verb, "train", "--data", _sandbox.Write("pairs.tsv", "ab\ta\nba\tb\nabb\ta\n"), "--validation",
                _sandbox.Write("more.tsv", "ab\ta\n"), "--hidden", "6"];
        string[] log = ["--sample-every", "1", "--threads", "1", "--log-json", "log.jsonl"];
        (await _sandbox.RunAsync([.. train, .. log, "--epochs", "5", "--run-dir", "run", "--checkpoint-every", "1", "--keep-last", "9"]))
            .Succeeded();
        // As left by a process killed while writing the line of the sixth epoch, with the last intact checkpoint at the second.
        string[] steps = [.. Directory.GetFiles(_sandbox.At("run/checkpoints"), "step-*")
            .OrderBy(path => int.Parse(Path.GetFileNameWithoutExtension(path)[5..]))];
        foreach (string file in steps[2..].Append(_sandbox.At("run/checkpoints/last.safetensors")).Append(_sandbox.At("run/result.json")))
            File.Delete(file);
        foreach (string file in (string[])["log.jsonl", "run/metrics.jsonl"])
            await File.AppendAllTextAsync(_sandbox.At(file), "{\"epoch\":6,\"tr");

        string[] resume = verb == "train" ? ["train"] : [verb, "train"];
        (await _sandbox.RunAsync([.. resume, "--resume", "run", .. log])).Succeeded();

        Assert.Equal([1, 2, 3, 4, 5], Epochs("log.jsonl", sample: false));
        Assert.Equal([1, 2, 3, 4, 5], Epochs("log.jsonl", sample: true));
        Assert.Equal([1, 2, 3, 4, 5], Epochs("run/metrics.jsonl", sample: false));
        Assert.Equal([1, 2, 3, 4, 5],
            File.ReadLines(_sandbox.At("run/samples.txt")).Where(line => line.StartsWith("after epoch ", StringComparison.Ordinal))
                .Select(line => int.Parse(line[12..^1])));
    }

    private IEnumerable<int> Epochs(string file, bool sample) =>
        File.ReadLines(_sandbox.At(file)).Select(line => JsonNode.Parse(line)!.AsObject())
        .Where(entry => entry.ContainsKey("sample") == sample).Select(entry => (int)entry["epoch"]!);
}
