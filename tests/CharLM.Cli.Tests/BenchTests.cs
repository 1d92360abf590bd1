using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class BenchTests : IDisposable
{
    private static readonly string[] Small = ["--hidden", "8", "--batch-size", "3", "--num-steps", "5", "--vocab", "7", "--rounds", "2",
        "--seconds", "0.01"];

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Bench_OneCell_ComparesTheImplementations()
    {
        Outcome bench = (await _sandbox.RunAsync(["bench", "--cell", "gru", .. Small])).Succeeded();
        Assert.Contains("batch 3, 5 steps, 8 hidden units, 1 layer(s), vocab 7", bench.OutputLines[1], StringComparison.Ordinal);
        Assert.Equal(["custom", "built-in", "fused"],
            bench.OutputLines[4..].Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]));
        Assert.All(bench.OutputLines[4..], line => Assert.StartsWith("gru ", line, StringComparison.Ordinal));
        Assert.Matches(@"^cache line from one processor to another and back: (-|\d+ ns \(two .+\))$", bench.OutputLines[2]);
        Assert.EndsWith("times built-in", bench.OutputLines[3], StringComparison.Ordinal);
        Assert.Matches(@"   \d+\.\d\d \(its [\d,]+ tokens/s, \d+ threads?\)$", bench.OutputLines[6]);
        Assert.All(bench.OutputLines[4..6], line => Assert.DoesNotContain("its", line, StringComparison.Ordinal));
        Assert.Empty(bench.Error);
        Assert.Empty(_sandbox.Files());
    }

    [Fact]
    public async Task Bench_Fused_IsMeasuredBesideBuiltInAtItsBetterNumberOfThreads()
    {
        JsonElement fused = (
            await _sandbox.RunAsync(
                ["bench", "--cell", "rnn", "--implementation", "fused", "--rounds", "1", "--json", .. Small[..8], "--seconds", "0.01"]))
                    .Succeeded().Json().GetProperty("rows")[0];
        // With one round, the ratio is that of the two rates.
        Assert.Equal(fused.GetProperty("tokens_per_second").GetDouble() / fused.GetProperty("built_in_tokens_per_second").GetDouble(),
            fused.GetProperty("times_built_in").GetDouble(), 1e-9);
        Assert.InRange(fused.GetProperty("built_in_threads").GetInt32(), 1, Environment.ProcessorCount);
        JsonElement custom = (await _sandbox.RunAsync(["bench", "--cell", "rnn", "--implementation", "custom", "--json", .. Small]))
            .Succeeded().Json().GetProperty("rows")[0];
        Assert.False(custom.TryGetProperty("times_built_in", out JsonElement ratio) && ratio.ValueKind != JsonValueKind.Null);
    }

    [Fact]
    public async Task Bench_Json_HasTheShapeAndItsFigures()
    {
        JsonElement json = (await _sandbox.RunAsync(
            ["bench", "--cell", "lstm", "--implementation", "fused", "--layers", "2", "--json", .. Small])).Succeeded().Json();
        JsonElement row = Assert.Single(json.GetProperty("rows").EnumerateArray().ToList());
        Assert.Equal(("lstm", "fused", 2, 8),
            (row.GetProperty("cell").GetString(), row.GetProperty("implementation").GetString(), row.GetProperty("num_layers").GetInt32(),
                row.GetProperty("num_hiddens").GetInt32()));
        // 15 tokens per step: the rate determines the time of a step.
        Assert.Equal(15, row.GetProperty("tokens_per_second").GetDouble() * row.GetProperty("milliseconds_of_step")
            .GetDouble() / 1000, 1e-9);
        // Two layers of 8 units, each with 4 gates, 2 states and a gradient from above; 7 logits; 4 bytes per value.
        Assert.Equal(4 * 15 * ((2 * 7 * 8) + 7), row.GetProperty("activation_bytes").GetDouble());
        Assert.True(json.GetProperty("product_peak_gflops").GetDouble() > 0);
        // None with one processor, or where two threads never run at the same time.
        JsonElement line = json.GetProperty("cache_line");
        Assert.True(line.ValueKind == JsonValueKind.Null || line.GetProperty("nanoseconds").GetDouble() > 1);
    }

    private static readonly (string Option, string Value)[] Impossible =
    [
        ("--hidden", "0"),
        ("--rounds", "0"),
        ("--seconds", "-1"),
        ("--vocab", "1"),
    ];

    [Fact]
    public Task Bench_ImpossibleShape_IsRefused() =>
        _sandbox.RunEachAsync(Impossible, wrong => ["bench", wrong.Option, wrong.Value],
            (wrong, outcome) => outcome.Refused(2, wrong.Option[2..], wrong.Value));
}
