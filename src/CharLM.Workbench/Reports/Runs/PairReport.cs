using CharLM.Pairs.Classification;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>
/// Puts runs on pairs side by side: figures, learning curves, the held-out pairs with confusion matrices or attention,
/// configurations, environments.
/// </summary>
public static class PairReport
{
    private const int MostLabels = 40;
    private const int MostConfusions = 10;

    /// <summary>The report of some runs.</summary>
    /// <param name="runs">The runs, 1 or more of one kind; their names are different.</param>
    /// <param name="measurements">What was measured of their models; may lack runs, or be empty.</param>
    /// <param name="notes">What a reader must know, such as why a run was not measured; each a sentence.</param>
    /// <exception cref="ArgumentException">There is no run.</exception>
    public static Report Of(
        IReadOnlyList<RunRecord> runs, IReadOnlyList<PairMeasurement> measurements, IReadOnlyList<string> notes)
    {
        ArgumentNullException.ThrowIfNull(runs);
        ArgumentNullException.ThrowIfNull(measurements);
        ArgumentNullException.ThrowIfNull(notes);
        if (runs.Count == 0)
            throw new ArgumentException("there is no run to report", nameof(runs));
        var sections = new List<ReportSection>
        {
            new("Runs", [Comparison(runs), .. notes.Select(note => new Paragraph(note))]),
        };
        if (measurements.Count > 0)
            sections.Add(HeldOut(measurements));
        sections.Add(Curves(runs));
        sections.AddRange(measurements.Where(measured => measured.Confusion is not null)
            .Select(measured => Labels(measured, measured.Confusion!)));
        if (measurements.Count > 0)
            sections.Add(new ReportSection("Predictions", [.. measurements.Select(Predictions)]));
        if (measurements.Any(measured => measured.Attention.Count > 0))
            sections.Add(Attention(measurements));
        if (runs.Any(run => run.Samples.Count > 0))
            sections.Add(new ReportSection(
                "Samples", [new Paragraph("Source, prediction and target of the first held-out pairs."),
                    .. runs.SelectMany(RunReportParts.Samples)]));
        sections.AddRange(RunReportParts.Ending(runs));
        return new Report(RunReportParts.Title(runs), sections);
    }

    /// <summary>The names of the figures that runs measured, as the metrics have them, in order.</summary>
    internal static IReadOnlyList<string> FiguresOf(IEnumerable<RunRecord> runs) =>
        [.. runs.SelectMany(run => run.Epochs).SelectMany(epoch => epoch.HeldOut?.Keys ?? []).Distinct()];

    private static ReportTable Comparison(IReadOnlyList<RunRecord> runs)
    {
        IReadOnlyList<string> figures = FiguresOf(runs);
        return new ReportTable(
            "",
            [
                new("run", IsNumber: false), new("model", IsNumber: false), new("parameters"), new("epochs"), new("train loss"),
                    new("held-out loss"),
                .. figures.Select(name => new ReportColumn($"held-out {Words(name)}")),
                new($"best {Words(runs[0].MainFigure)}"), new("after epoch"), new("predictions/s, median"), new("training, s"),
                    new("state", IsNumber: false),
            ],
            [
                .. runs.Select(run => (string[])
                [
                    run.Name,
                    $"{RunReportParts.Describe(run.Model!)}{(run.Model!.Bidirectional ? ", bidirectional" : "")}, {run.Form}",
                    ReportFigure.Of(run.Result?.Parameters),
                    ReportFigure.Of(run.Last?.Epoch),
                    ReportFigure.Of(run.Last?.TrainLoss),
                    ReportFigure.Of(run.Last?.HeldOutLoss),
                    .. figures.Select(name => ReportFigure.Of(Figure(run.Last, name))),
                    ReportFigure.Of(run.MainOf(run.Best)),
                    ReportFigure.Of(run.Best?.Epoch),
                    RunReportParts.Rounded(Median.Of(run.Epochs.Select(epoch => epoch.TokensPerSecond)), "#,0"),
                    RunReportParts.Rounded(run.Epochs.Sum(epoch => epoch.Seconds), "#,0.0"),
                    RunReportParts.State(run),
                ]),
            ]);
    }

    private static ReportSection HeldOut(IReadOnlyList<PairMeasurement> measurements)
    {
        string[] names = [.. measurements.SelectMany(measured => measured.Metrics).Select(figure => figure.Name).Distinct()];
        return new ReportSection("Pairs that training held out",
        [
            new ReportTable(
                "",
                [new("model", IsNumber: false), new("saved after epoch"), new("pairs"), new("loss"),
                    .. names.Select(name => new ReportColumn(name))],
                [
                    .. measurements.OrderByDescending(
                        measured => measured.Metrics.Count > 0 ? measured.Metrics[0].Value : -measured.Loss.Mean).Select(measured =>
                            (string[])
                    [
                        measured.Run, ReportFigure.Of(measured.Epoch), ReportFigure.Of(measured.Pairs), ReportFigure.Of(measured.Loss.Mean),
                            .. names.Select(name =>
                                ReportFigure.Of(measured.Metrics.Where(figure => figure.Name == name)
                                    .Select(figure => (double?)figure.Value).FirstOrDefault())),
                    ]),
                ]),
            new Paragraph("The model of each run is its best on these pairs, which are therefore no test: measure the one that you choose "
                + "on others, with charlm eval of its verb."),
        ]);
    }

    private static ReportSection Curves(IReadOnlyList<RunRecord> runs) => new("Learning curves",
    [
        new LineChart("Loss", "epoch", "nats a prediction",
        [
            .. runs.SelectMany((run, group) => (LineSeries[])
            [
                RunReportParts.Series(run, $"{run.Name}: train", group, epoch => epoch.TrainLoss),
                RunReportParts.Series(run, $"{run.Name}: held out", group, epoch => epoch.HeldOutLoss) with { Dashed = true },
            ]).Where(series => series.Points.Count > 0),
        ])
        { LogarithmicY = true },
        .. FiguresOf(runs).Select(name => RunReportParts.Chart(runs, $"Held-out {Words(name)}", Words(name), epoch => Figure(epoch, name))),
        RunReportParts.Chart(runs, "Gradient norm before clipping, mean of an epoch", "norm", epoch => epoch.GradientNorm),
        RunReportParts.Chart(runs, "Learning rate", "step size", epoch => epoch.LearningRate),
    ]);

    private static ReportSection Labels(PairMeasurement measured, ConfusionMatrix matrix)
    {
        int[] labels = [.. Enumerable.Range(0, matrix.Labels.Count)];
        var table = new ReportTable(
            "Each label",
            [new("label", IsNumber: false), new("occurs"), new("precision"), new("recall"), new("F1")],
            [
                .. labels.OrderByDescending(matrix.Support).Select(label => (string[])
                    [matrix.Labels[label], ReportFigure.Of(matrix.Support(label)), ReportFigure.Of(matrix.Precision(label)),
                        ReportFigure.Of(matrix.Recall(label)), ReportFigure.Of(matrix.F1(label))]),
            ]);
        // A matrix of hundreds of labels is no picture.
        ReportPart picture = labels.Length <= MostLabels
            ? new HeatMap(
                "Confusion matrix: the share of each true label", "taken for", "true label", matrix.Labels, matrix.Labels,
                [.. labels.Select(actual =>
                    (double[])[.. labels.Select(predicted => (double)matrix[actual, predicted] / matrix.Support(actual))])])
            : new Paragraph($"{labels.Length} labels are more than a matrix can show.");
        string[][] confusions =
        [
            .. labels.SelectMany(
                actual => labels.Where(predicted => predicted != actual && matrix[actual, predicted] > 0)
                    .Select(predicted => (actual, predicted)))
                .OrderByDescending(pair => matrix[pair.actual, pair.predicted]).Take(MostConfusions)
                .Select(pair => (string[])[matrix.Labels[pair.actual], matrix.Labels[pair.predicted],
                    ReportFigure.Of(matrix[pair.actual, pair.predicted])]),
        ];
        return new ReportSection($"Labels: {measured.Run}",
        [
            picture,
            table,
            .. confusions.Length == 0 ? []
                : (ReportPart[])[new ReportTable(
                    "The most frequent mistakes", [new("true label", IsNumber: false), new("taken for", IsNumber: false), new("times")],
                        confusions)],
        ]);
    }

    private static ReportTable Predictions(PairMeasurement measured) => new(
        $"{measured.Run}: the first {measured.Examples.Count} held-out pairs",
        [new("source", IsNumber: false), new("target", IsNumber: false), new("prediction", IsNumber: false), new("", IsNumber: false)],
        [.. measured.Examples.Select(
            example => (string[])[example.Pair.Source, example.Pair.Target, example.Prediction,
                example.Pair.Target == example.Prediction ? "right" : "wrong"])]);

    private static ReportSection Attention(IReadOnlyList<PairMeasurement> measurements) => new("Attention",
    [
        new Paragraph("How much of each character of a held-out source was in each character that was written; a row's sum is 1."),
        .. measurements.SelectMany(measured => measured.Attention.Select(map =>
            new HeatMap($"{measured.Run}: {string.Concat(map.Source)}", "source", "written", map.Source, map.Written, map.Weights))),
    ]);

    private static double? Figure(EpochMetrics? epoch, string name) =>
        epoch?.HeldOut?.TryGetValue(name, out double value) == true ? value : null;

    private static string Words(string name) => name == "macro_f1" ? "macro-F1" : name.Replace('_', ' ');
}
