using System.Text.Json;
using CharLM.Cli.Tests.Processes;
using Event = System.Collections.Generic.Dictionary<int, System.Collections.Generic.List<object>>;

namespace CharLM.Cli.Tests;

/// <summary>
/// The event files of <c>--tensorboard</c>, read from the formats' descriptions alone and compared with <c>--log-json</c>.
/// </summary>
public sealed class TensorBoardTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    /// <summary>RFC 3720, appendix B.4: 32 bytes of zeros, and 32 of ones.</summary>
    [Fact]
    public void Reader_CrcOfTheStandardsExamples_IsTheStandards()
    {
        Assert.Equal(0x8a9136aau, EventFileReader.Crc(new byte[32]));
        Assert.Equal(0x62a8ab43u, EventFileReader.Crc(Enumerable.Repeat((byte)255, 32).ToArray()));
    }

    [Fact]
    public async Task Train_TensorBoard_HasTheTagsStepsAndValuesOfTheLog()
    {
        (await TrainAsync("--epochs", "3", "--validation-fraction", "0.2", "--sample-every", "3", "--prefix", "the ", "--tensorboard",
            "tb/one", "--log-json", "log.jsonl")).Succeeded();

        List<Event> events = Read("tb/one");
        JsonElement[] log = [.. (await File.ReadAllLinesAsync(_sandbox.At("log.jsonl")))
            .Select(line => JsonDocument.Parse(line).RootElement)];
        JsonElement[] epochs = [.. log.Where(line => line.TryGetProperty("train_perplexity", out _))];
        Assert.Equal("brain.Event:2", events[0].Text(3));
        Assert.Equal(3, epochs.Length);
        foreach ((string tag, string key) in new[]
                 {
                     ("perplexity/train", "train_perplexity"), ("perplexity/held_out", "held_out_perplexity"),
                         ("training/gradient_norm", "gradient_norm"),
                     ("training/learning_rate", "learning_rate"), ("training/tokens_per_second", "tokens_per_second"),
                 })
        {
            Assert.Equal([.. epochs.Select(epoch => (epoch.GetProperty("epoch").GetInt64(), (float)epoch.GetProperty(key).GetDouble()))],
                Scalars(events, tag));
        }
        // LossSum are the logarithm of perplexities.
        foreach (string part in new[] { "train", "held_out" })
            Assert.All(Scalars(events, $"nats/{part}").Zip(Scalars(events, $"perplexity/{part}")), pair =>
                Assert.Equal(Math.Exp(pair.First.Value), pair.Second.Value, 1e-3));
        // seconds since 1970
        Assert.All(events.Skip(1), one => Assert.InRange(BitConverter.ToDouble((byte[])Assert.Single(one[1])), 1.7e9, 1e11));
    }

    /// <summary>PyTorch's writer adds this suffix to the tags of texts.</summary>
    [Fact]
    public async Task Train_TensorBoard_HasSamplesAsTexts()
    {
        (await TrainAsync("--epochs", "3", "--sample-every", "1", "--prefix", "the ", "--tensorboard", "tb", "--log-json", "log.jsonl"))
            .Succeeded();

        string[] samples =
        [
            .. File.ReadLines(_sandbox.At("log.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
                .Where(line => line.TryGetProperty("sample", out _)).Select(line => line.GetProperty("sample").GetString()!),
        ];
        List<Event> events = [.. Read("tb").Where(one => TagOf(one) == "sample/text_summary")];
        Assert.NotEmpty(samples);
        Assert.Equal(samples.Select(sample => "    " + sample.ReplaceLineEndings("\n    ")),
            events.Select(one => one.Nested(5).Nested(1).Nested(8).Text(8)));
        Assert.All(events, one => Assert.Equal("text", one.Nested(5).Nested(1).Nested(9).Nested(1).Text(1)));
        Assert.All(events, one => Assert.Equal(7ul, Assert.Single(one.Nested(5).Nested(1).Nested(8)[1]))); // DT_STRING
    }

    /// <summary>
    /// TensorBoard reads files in the order of their names, and at a session's start (event.proto: field 7, a status of 1) drops what it
    /// has from that event's step on, except that newer ones do nothing at the first start: _CheckForRestartAndMaybePurge in
    /// plugin_event_accumulator.py.
    /// </summary>
    [Theory]
    [InlineData(2, false)]
    [InlineData(2, true)]
    [InlineData(0, true)]
    public async Task Resume_TensorBoardAfterAKill_ShowsEveryStepOnce(int saved, bool isNew)
    {
        string[] log = ["--sample-every", "1", "--prefix", "the ", "--tensorboard", "tb"];
        (await TrainAsync(["--epochs", "5", "--run-dir", "run", "--checkpoint-every", "1", "--keep-last", "9", .. log])).Succeeded();
        string first = Assert.Single(Directory.GetFiles(_sandbox.At("tb")));
        // As left by a process that was killed in its fifth epoch, with so many saved.
        string[] steps = [.. Directory.GetFiles(_sandbox.At("run/checkpoints"), "step-*")
            .OrderBy(path => int.Parse(Path.GetFileNameWithoutExtension(path)[5..]))];
        foreach (string file in steps[saved..].Concat(["run/checkpoints/last.safetensors", "run/result.json"]))
            File.Delete(_sandbox.At(file));
        (await _sandbox.RunAsync(["train", "--resume", "run", .. log])).Succeeded();

        string second = Assert.Single(Directory.GetFiles(_sandbox.At("tb")), file => file != first);
        List<Event> before = EventFileReader.Read(File.ReadAllBytes(first)), after = EventFileReader.Read(File.ReadAllBytes(second));
        Assert.Equal("brain.Event:2", after[0].Text(3));
        List<Event> shown = [];
        bool hasStarted = !isNew;
        foreach (Event one in before.Concat(after))
        {
            if (one.ContainsKey(7))
            {
                Assert.Equal(1ul, Assert.Single(one.Nested(7)[1]));
                Assert.InRange(BitConverter.ToDouble((byte[])Assert.Single(one[1])), 1.7e9, 1e11);
                if (hasStarted)
                    shown.RemoveAll(earlier => (ulong)Assert.Single(earlier[2]) >= (ulong)Assert.Single(one[2]));
                hasStarted = true;
            }
            else if (TagOf(one) is not null)
                shown.Add(one);
        }
        foreach (string tag in new[] { "perplexity/train", "training/learning_rate", "sample/text_summary" })
            Assert.Equal([1ul, 2, 3, 4, 5], shown.Where(one => TagOf(one) == tag).Select(one => (ulong)Assert.Single(one[2])));
    }

    [Fact]
    public async Task Train_TensorBoardOnPairs_HasItsMeasures()
    {
        string pairs = _sandbox.Write("pairs.tsv", "ab\ta\nba\tb\naab\ta\nbba\tb\nabb\ta\n");
        (await _sandbox.RunAsync(
            "classify", "train", "--data", pairs, "--validation", pairs, "--epochs", "2", "--hidden", "8", "--threads", "1", "--run-dir",
                "run", "--tensorboard", "tb")).Succeeded();

        List<Event> events = Read("tb");
        Assert.Equal([1, 2], Scalars(events, "nats/train").Select(scalar => scalar.Step));
        Assert.Equal([1, 2], Scalars(events, "held_out/accuracy").Select(scalar => scalar.Step));
    }

    [Fact]
    public async Task Train_TensorBoardWhereAFileIs_Fails()
    {
        _sandbox.Write("tb", "");
        (await TrainAsync("--epochs", "1", "--tensorboard", "tb")).Complained(1, "--tensorboard tb: cannot be written");
    }

    [Fact]
    public async Task Train_TensorBoardGoneDuringTheRun_EndsTheLogNotTheRun()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        Outcome train = await _sandbox.BashAsync(
            """
            charlm train --corpus text.txt --max-tokens 1000 --epochs 300 --tensorboard tb/one --run-dir run \
                --sample-every 0 --hidden 32 --batch-size 8 --num-steps 10 &
            while kill -0 $! && ! [ -s run/metrics.jsonl ]; do sleep 0.05; done
            rm -r tb && touch tb
            wait $!
            """);
        Assert.Equal(0, train.ExitCode);
        Assert.Contains("--tensorboard tb/one: the log ends here", train.Error, StringComparison.Ordinal);
    }

    private Task<Outcome> TrainAsync(params string[] options) =>
        _sandbox.RunAsync(["train", "--corpus", _sandbox.Write("text.txt", Texts.Plain), .. Texts.SmallModel, .. options]);

    private List<Event> Read(string folder)
    {
        string file = Assert.Single(Directory.GetFiles(_sandbox.At(folder)));
        Assert.StartsWith("events.out.tfevents.", Path.GetFileName(file), StringComparison.Ordinal);
        return EventFileReader.Read(File.ReadAllBytes(file));
    }

    private static List<(long Step, float Value)> Scalars(List<Event> events, string tag) =>
        [.. events.Where(one => TagOf(one) == tag)
            .Select(one => ((long)(ulong)Assert.Single(one[2]), BitConverter.ToSingle((byte[])Assert.Single(one.Nested(5).Nested(1)[2]))))];

    private static string? TagOf(Event one) => one.ContainsKey(5) ? one.Nested(5).Nested(1).Text(1) : null;
}
