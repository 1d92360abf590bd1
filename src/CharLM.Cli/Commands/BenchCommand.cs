using System.CommandLine;
using System.Runtime.InteropServices;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Models;
using CharLM.Torch;
using CharLM.Workbench.Benchmarking;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm bench</c>: a separate process measures each row, so that no row inherits another's memory.</summary>
internal sealed class BenchCommand : Verb
{
    private static readonly CellKind[] Cells = [CellKind.Rnn, CellKind.Gru, CellKind.Lstm];
    private static readonly Implementation[] Implementations = [Implementation.Custom, Implementation.BuiltIn, Implementation.Fused];

    private readonly Option<CellKind?> _cell = OptionOf.Choice<CellKind>(
        "--cell", "The recurrent cell. [default: rnn, gru and lstm]", except: [Choices.NameOf(CellKind.Own), Choices.NameOf(CellKind.Esn)]);
    private readonly Option<Implementation?> _implementation = OptionOf.Choice<Implementation>(
        "--implementation", "The implementation. [default: all]");
    private readonly Option<int?> _layers = OptionOf.Integer("--layers", "N", "Recurrent layers, stacked. [default: 1]");
    private readonly Option<int?> _hidden = OptionOf.Integer("--hidden", "N", "Hidden units per layer. [default: 256]");
    private readonly Option<int?> _batchSize = OptionOf.Integer("--batch-size", "N", "Sequences in a minibatch. [default: 32]");
    private readonly Option<int?> _numSteps = OptionOf.Integer("--num-steps", "N", "Tokens in a sequence. [default: 35]");
    private readonly Option<int?> _vocab = OptionOf.Integer("--vocab", "N", "Tokens in the vocab. [default: 28]");
    private readonly Option<double?> _seconds = OptionOf.Number("--seconds", "X", "Seconds per round. [default: 1]");
    private readonly Option<int?> _rounds = OptionOf.Integer("--rounds", "N", "Rounds, of which the median is shown. [default: 5]");
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<bool> _json = OptionOf.Json();

    public BenchCommand()
        : base("bench", "Measure the speed of training steps: forward, backward, clipping, update.")
    {
        foreach (Option option in new Option[] { _cell, _implementation, _layers, _hidden, _batchSize, _numSteps, _vocab, _seconds,
            _rounds })
            Add(option);
        _runtime.AddTo(this, device: false);
        Add(_json);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm bench", "every cell and implementation"),
        ("charlm bench --cell lstm --hidden 512", "one cell, larger"),
        ("charlm bench --implementation fused --threads 1", "on one thread"),
    ];

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        List<StepShape> shapes = [.. Shapes(parse)];
        InvalidConfigException.ThrowIfAny([.. shapes.SelectMany(shape => shape.Errors()).Distinct(), .. _runtime.Errors(parse)]);
        _runtime.Use(parse);
        TextWriter output = parse.InvocationConfiguration.Output;
        StepShape first = shapes[0];
        double peak = GemmPeak.Measure(first.BatchSize, first.Model.NumHiddens, 4 * first.Model.NumHiddens, _runtime.Threads(parse));
        double? trip = CacheLineTrip.Measure();
        bool json = parse.GetValue(_json);
        if (!json)
        {
            output.WriteLine($"charlm {VersionAction.Version}, TorchSharp {TorchRuntime.TorchSharpVersion}, libtorch "
                + $"{TorchRuntime.LibtorchVersion}, {Environment.ProcessorCount} processors, {RuntimeInformation.OSDescription}");
            output.WriteLine($"product alone: {peak / 1e9:0} GFLOP/s; batch {first.BatchSize}, {first.NumSteps} steps, "
                + $"{first.Model.NumHiddens} hidden units, {first.Model.NumLayers} layer(s), vocab {first.VocabSize}");
            output.WriteLine("cache line from one processor to another and back: "
                + (trip is { } nanoseconds ? $"{nanoseconds:0} ns ({CacheLineTrip.Meaning(nanoseconds)})" : "-"));
            output.WriteLine($"{"cell",-6}{"implementation",-16}{"tokens/s",12}{"ms/step",12}{"fastest",10}{"slowest",10}"
                + $"{"of product",12}{"memory",12}   times built-in");
        }
        var rows = new List<BenchRow>();
        foreach (StepShape shape in shapes)
        {
            BenchRow row = shapes.Count == 1
                ? BenchRow.Of(StepBenchmark.Measure(shape, cancellationToken), peak)
                : await BenchRow.OfChildAsync(shape, cancellationToken).ConfigureAwait(false);
            rows.Add(row);
            if (!json)
            {
                output.WriteLine($"{row.Cell,-6}{row.Implementation,-16}{Figure.Count(row.TokensPerSecond),12}"
                    + $"{row.MillisecondsOfStep,12:0.000}"
                    + $"{row.FastestMilliseconds,10:0.000}{row.SlowestMilliseconds,10:0.000}{100 * row.OfGemmPeak,10:0.0} "
                    + $"%{(row.PeakBytes is { } bytes ? Figure.Bytes(bytes) : "?"),12}"
                    + (row.TimesBuiltIn is { } times
                        ? $"   {times:0.00} (its {row.BuiltInTokensPerSecond:#,0} tokens/s, {row.BuiltInThreads} "
                            + $"thread{(row.BuiltInThreads == 1 ? "" : "s")})" : ""));
                output.Flush();
            }
        }
        if (json)
        {
            output.WriteLine(JsonOutput.Line(new
            {
                Environment = new
                {
                    Toolkit = VersionAction.Version,
                    TorchRuntime.TorchSharpVersion,
                    TorchRuntime.LibtorchVersion,
                    Processors = Environment.ProcessorCount,
                    System = RuntimeInformation.OSDescription
                },
                ProductPeakGflops = peak / 1e9,
                CacheLine = trip is { } there ? new { Nanoseconds = there, Meaning = CacheLineTrip.Meaning(there) } : null,
                Rows = rows,
            }));
        }
        return ExitCode.Done;
    }

    private IEnumerable<StepShape> Shapes(ParseResult parse)
    {
        var under = new StepShape();
        foreach (CellKind cell in parse.GetValue(_cell) is { } one ? [one] : Cells)
        {
            foreach (Implementation implementation in parse.GetValue(_implementation) is { } only ? [only] : Implementations)
            {
                yield return under with
                {
                    Model = under.Model with
                    {
                        Cell = cell,
                        Implementation = implementation,
                        NumLayers = parse.GetValue(_layers) ?? under.Model.NumLayers,
                        NumHiddens = parse.GetValue(_hidden) ?? under.Model.NumHiddens,
                    },
                    BesideBuiltIn = true,
                    VocabSize = parse.GetValue(_vocab) ?? under.VocabSize,
                    BatchSize = parse.GetValue(_batchSize) ?? under.BatchSize,
                    NumSteps = parse.GetValue(_numSteps) ?? under.NumSteps,
                    Threads = _runtime.Threads(parse),
                    SecondsOfRound = parse.GetValue(_seconds) ?? under.SecondsOfRound,
                    Rounds = parse.GetValue(_rounds) ?? under.Rounds,
                };
            }
        }
    }
}
