using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Workbench.Configuration;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>
/// Builds a report that compares runs of any kind: figures, learning curves, samples, configurations, environments, and measurements of
/// their models.
/// </summary>
public static class RunReport
{
    private const int MostSamples = 8;
    private const int MostSampleCharacters = 2000;

    /// <summary>Builds the report.</summary>
    /// <param name="runs">The runs, 1 or more, all on text or all of one kind on pairs, with distinct names.</param>
    /// <param name="measurements">Measurements of their models; may be incomplete or empty.</param>
    /// <param name="notes">Notes for the reader, such as why a run was not measured; one sentence each.</param>
    /// <exception cref="ArgumentException">There is no run.</exception>
    public static Report Of(IReadOnlyList<RunRecord> runs, IReadOnlyList<RunMeasurement> measurements, IReadOnlyList<string> notes)
    {
        ArgumentNullException.ThrowIfNull(runs);
        ArgumentNullException.ThrowIfNull(measurements);
        ArgumentNullException.ThrowIfNull(notes);
        if (runs.Count == 0)
            throw new ArgumentException("there is no run to report", nameof(runs));
        TextMeasurement[] texts = [.. measurements.OfType<TextMeasurement>()];
        PairMeasurement[] pairs = [.. measurements.OfType<PairMeasurement>()];
        IReadOnlyList<RunGroup> groups = RunGroup.Of(runs);
        ReportSection[] samples = runs.All(run => run.Samples.Count == 0) ? []
            : [new("Samples", [.. runs[0].IsOnPairs ? [SampledPairs] : Array.Empty<ReportPart>(), .. runs.SelectMany(Samples)])];
        return new Report(
            runs.Count == 1 ? $"Run {runs[0].Name}" : $"{runs.Count} runs",
            [
                new("Runs",
                [
                    .. runs[0].IsOnPairs ? RunVerdict.OfPairs(groups, pairs) : RunVerdict.OfTexts(groups, texts),
                    .. groups.Select(group => Comparison(groups.Count == 1 ? "" : group.Name, group.Runs, runs)),
                    .. notes.Select(note => new Paragraph(note)),
                ]),
                .. texts.Length > 0 ? [TextSections.HeldOut(texts)] : Array.Empty<ReportSection>(),
                .. pairs.Length > 0 ? [PairSections.HeldOut(pairs, groups)] : Array.Empty<ReportSection>(),
                Curves(runs, groups),
                .. pairs.Length > 0 ? PairSections.Models(pairs) : [],
                .. samples,
                .. texts.Length > 0 ? [TextSections.Passages(texts)] : Array.Empty<ReportSection>(),
                .. runs.Any(run => run.Settings is not null) ? [Configurations(runs)] : Array.Empty<ReportSection>(),
                .. runs.Any(run => run.Environment is not null) ? [new("Environment", [Environments(runs)])] : Array.Empty<ReportSection>(),
            ]);
    }

    private static Paragraph SampledPairs { get; } = new("Source, prediction and target of the first held-out pairs.");

    private static ReportTable Comparison(string caption, IReadOnlyList<RunRecord> runs, IReadOnlyList<RunRecord> all)
    {
        IReadOnlyList<string> figures = RunRecord.FiguresOf(all);
        RunRecord first = all[0];
        return new ReportTable(
            caption,
            [
                new("run", IsNumber: false), new("model", IsNumber: false), new("parameters"), new("epochs"),
                new($"train {first.LossName}"), new($"held-out {first.LossName}"),
                .. figures.Select(key => new ReportColumn($"held-out {Metric.NameOf(key)}")),
                new($"best {(first.IsOnPairs ? Metric.NameOf(first.MainFigure) : "held-out")}"), new("after epoch"),
                    new($"{(first.IsOnPairs ? "predictions" : "tokens")}/s, median"), new("training, s"), new("state", IsNumber: false),
            ],
            [
                .. runs.Select(run => (string[])
                [
                    run.Name,
                    run.Model is { } model ? Describe(run, model) : "",
                    ReportFigure.Of(run.Result?.Parameters),
                    ReportFigure.Of(run.Last?.Epoch),
                    ReportFigure.Of(run.TrainOf(run.Last)),
                    ReportFigure.Of(run.HeldOutOf(run.Last)),
                    .. figures.Select(key => ReportFigure.Of(RunRecord.FigureOf(run.Last, key))),
                    ReportFigure.Of(run.BestFigure),
                    ReportFigure.Of(run.Best?.Epoch),
                    Rounded(Median.Of(run.Epochs.Select(epoch => epoch.TokensPerSecond)), "#,0"),
                    Rounded(run.Epochs.Sum(epoch => epoch.Seconds), "#,0.0"),
                    State(run),
                ]),
            ]);
    }

    private static string Describe(RunRecord run, ModelConfig model) =>
        $"{model.CellName} ({Choices.NameOf(model.Implementation)}), {model.NumLayers} x {model.NumHiddens}"
            + (run.IsOnPairs ? $"{(model.Bidirectional ? ", bidirectional" : "")}, {run.Form}"
                : model.LeakLabel is { } leak ? $"; {leak}" : "");

    // A run has one colour and marker in all charts. Figures on different texts share no chart.
    private static ReportSection Curves(IReadOnlyList<RunRecord> runs, IReadOnlyList<RunGroup> groups) => new("Learning curves",
    [
        .. groups.Select(group => Losses(group.Runs, runs, groups.Count == 1 ? "" : $": {group.Name}")),
        .. groups.SelectMany(group => RunRecord.FiguresOf(group.Runs).Select(key => Chart(group.Runs, runs,
            $"Held-out {Metric.NameOf(key)}{(groups.Count == 1 ? "" : $": {group.Name}")}", Metric.NameOf(key),
            epoch => RunRecord.FigureOf(epoch, key)))),
        Chart(runs, runs, "Gradient norm before clipping, mean over the epoch", "norm", epoch => epoch.GradientNorm),
        .. runs[0].IsOnPairs ? Array.Empty<ReportPart>()
            : [Chart(runs, runs, "Speed of training", "tokens/s", epoch => epoch.TokensPerSecond)],
        Chart(runs, runs, "Learning rate", "step size", epoch => epoch.LearningRate),
    ]);

    private static LineChart Losses(IReadOnlyList<RunRecord> runs, IReadOnlyList<RunRecord> all, string of) =>
        new((all[0].IsOnPairs ? "Loss" : "Perplexity") + of, LearningAxes.Epoch, all[0].IsOnPairs ? "nats per prediction" : "perplexity",
        [
            .. runs.SelectMany(run => (LineSeries[])
            [
                Series(run, all, $"{run.Name}: train", run.TrainOf),
                Series(run, all, $"{run.Name}: held out", run.HeldOutOf) with { Dashed = true },
            ]).Where(series => series.Points.Count > 0),
        ])
        { LogarithmicY = true, OtherX = LearningAxes.Others(all[0].IsOnPairs) };

    // Spread evenly over the run's epochs.
    private static IEnumerable<ReportPart> Samples(RunRecord run) => ChartFigures.Thinned(run.Samples, MostSamples)
        .Select(sample => new Preformatted(
            $"{run.Name}, after epoch {sample.Epoch}",
                sample.Text.Length > MostSampleCharacters ? sample.Text[..MostSampleCharacters] + "..." : sample.Text));

    private static string State(RunRecord run) => (run.Directory, run.Result?.StoppedEarly) switch
    {
        (null, _) => "a log",
        (_, null) => "not complete",
        (_, true) => "stopped early",
        _ => "complete",
    };

    private static string Rounded(double? value, string format) =>
        value is { } known && double.IsFinite(known) ? known.ToString(format) : "";

    private static LineChart Chart(
        IReadOnlyList<RunRecord> runs, IReadOnlyList<RunRecord> all, string title, string unit, Func<EpochMetrics, double?> value) =>
        new(title, LearningAxes.Epoch, unit, [.. runs.Select(run => Series(run, all, run.Name, value))])
        {
            OtherX = LearningAxes.Others(all[0].IsOnPairs),
        };

    private static LineSeries Series(RunRecord run, IReadOnlyList<RunRecord> all, string name, Func<EpochMetrics, double?> value) =>
        LearningAxes.Series(name, run.Epochs, value) with { Group = all.Index().First(other => ReferenceEquals(other.Item, run)).Index };

    private static ReportSection Configurations(IReadOnlyList<RunRecord> runs)
    {
        RunRecord[] known = [.. runs.Where(run => run.Settings is not null)];
        Dictionary<string, string>[] settings = [.. known.Select(run => YamlRecord.Flatten(run.Settings!).ToDictionary())];
        string[] different = [.. settings.SelectMany(setting => setting.Keys).Distinct()
            .Where(key => settings.Select(setting => setting.GetValueOrDefault(key)).Distinct().Count() > 1)];
        var parts = new List<ReportPart>();
        if (different.Length > 0)
        {
            parts.Add(new ReportTable(
                "What differs",
                [new("setting", IsNumber: false), .. known.Select(run => new ReportColumn(run.Name, IsNumber: false))],
                [.. different.Select(key => (string[])[key, .. settings.Select(setting => setting.GetValueOrDefault(key, ""))])]));
        }
        parts.AddRange(known.Select(run => new Preformatted($"{run.Name}: config.yaml", RunConfigFile.Write(run.Settings!), Folded: true)));
        return new ReportSection("Configurations", parts);
    }

    private static ReportTable Environments(IReadOnlyList<RunRecord> runs)
    {
        RunRecord[] known = [.. runs.Where(run => run.Environment is not null)];
        (string Name, Func<RunEnvironment, string?> Value)[] rows =
        [
            ("toolkit", e => e.Toolkit), ("commit", e => e.Commit), ("TorchSharp", e => e.TorchSharp), ("libtorch", e => e.Libtorch),
                (".NET", e => e.Dotnet),
            ("system", e => e.Os), ("processor", e => e.Cpu), ("processors", e => $"{e.Processors}"),
                ("threads", e => e.Threads == 0 ? "chosen" : $"{e.Threads}"),
            ("torch threads", e => $"{e.TorchThreads}"), ("device", e => e.Device), ("corpus", e => e.Corpus),
                ("its SHA-256", e => e.CorpusSha256),
            ("held out", e => e.HeldOut), ("its SHA-256", e => e.HeldOutSha256), ("began", e => e.Started),
        ];
        return new ReportTable(
            "",
            [new("", IsNumber: false), .. known.Select(run => new ReportColumn(run.Name, IsNumber: false))],
            [.. rows.Where(row => known.Any(run => row.Value(run.Environment!) is not null))
                .Select(row => (string[])[row.Name, .. known.Select(run => row.Value(run.Environment!) ?? "")])]);
    }
}
