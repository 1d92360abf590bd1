using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>Puts runs side by side: figures, learning curves, samples, configurations, environments.</summary>
public static class RunReport
{
    private const double DarkestBits = 8;

    /// <summary>The report of some runs.</summary>
    /// <param name="runs">The runs, 1 or more; their names are different.</param>
    /// <param name="measurements">What was measured of their models; may lack runs, or be empty.</param>
    /// <param name="notes">What a reader must know, such as why a run was not measured; each a sentence.</param>
    /// <exception cref="ArgumentException">There is no run.</exception>
    public static Report Of(IReadOnlyList<RunRecord> runs, IReadOnlyList<RunMeasurement> measurements, IReadOnlyList<string> notes)
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
        if (runs.Any(run => run.Samples.Count > 0))
            sections.Add(new ReportSection("Samples", [.. runs.SelectMany(RunReportParts.Samples)]));
        if (measurements.Count > 0)
            sections.Add(new ReportSection("Surprisal of a held-out passage", [.. measurements.Select(Passage)]));
        sections.AddRange(RunReportParts.Ending(runs));
        return new Report(RunReportParts.Title(runs), sections);
    }

    private static ReportTable Comparison(IReadOnlyList<RunRecord> runs) => new(
        "",
        [new("run", IsNumber: false), new("model", IsNumber: false), new("parameters"), new("epochs"), new("train perplexity"),
            new("held-out perplexity"), new("best held-out"), new("after epoch"), new("tokens/s, median"), new("training, s"),
                new("state", IsNumber: false)],
        [
            .. runs.Select(run => (string[])
            [
                run.Name,
                run.Model is { } model ? Describe(model) : "",
                ReportFigure.Of(run.Result?.Parameters),
                ReportFigure.Of(run.Last?.Epoch),
                ReportFigure.Of(run.Last?.TrainPerplexity),
                ReportFigure.Of(run.Last?.HeldOutPerplexity),
                ReportFigure.Of(run.Best?.HeldOutPerplexity),
                ReportFigure.Of(run.Best?.Epoch),
                RunReportParts.Rounded(Median.Of(run.Epochs.Select(epoch => epoch.TokensPerSecond)), "#,0"),
                RunReportParts.Rounded(run.Epochs.Sum(epoch => epoch.Seconds), "#,0.0"),
                RunReportParts.State(run),
            ]),
        ]);

    // A table for each text: figures of other texts are no ranking.
    private static ReportSection HeldOut(IReadOnlyList<RunMeasurement> measurements)
    {
        IGrouping<MeasuredText, RunMeasurement>[] texts = [.. measurements.GroupBy(measured => measured.Evaluation.Measured)];
        var parts = new List<ReportPart>();
        foreach (IGrouping<MeasuredText, RunMeasurement> text in texts)
            parts.Add(Ranking(texts.Length == 1 ? "" : $"{text.First().Evaluation.Text}, cleaned as '{Choices.NameOf(text.Key.Cleaning)}'",
                [.. text]));
        if (texts.Length > 1)
        {
            parts.Add(new Paragraph(
                "Each table is of another text, so that its order says nothing of the others. Between tables only bits per byte of the raw "
                + "text have one unit, and a cleaning that drops characters leaves less to predict."));
        }
        string[] readings = [.. measurements.Select(measured => measured.Evaluation.Reading).Distinct()];
        parts.Add(new Paragraph(
            $"Models are read with {string.Join("; or ", readings)}. Intervals are of a block bootstrap over the text. "
            + "The n-gram model counts, and the compressors have read, the text before it."));
        return new ReportSection("Text that training did not see", parts);
    }

    private static ReportTable Ranking(string title, IReadOnlyList<RunMeasurement> measurements)
    {
        RunMeasurement[] baselines = [.. RunTables.Baselines(measurements)];
        return new ReportTable(
            title,
            [
                new("model", IsNumber: false), new("text", IsNumber: false), new("perplexity (95 % interval)"),
                    new("bits per character (95 % interval)"),
                new("bits per byte"), new("bits per byte of the raw text"), new("accuracy"), new("calibration error"),
            ],
            [
                .. measurements.OrderBy(measured => measured.Evaluation.BitsPerByte).Select(measured => Row(measured.Evaluation)),
                .. baselines.SelectMany(measured => measured.NGram is { } nGram ? (string[][])[Row(nGram)] : []),
                .. baselines.SelectMany(measured => measured.Compressors.Select(compressor => (string[])
                [
                    compressor.Name, measured.Evaluation.Text, "", ReportFigure.Of(compressor.BitsPerCharacter),
                        ReportFigure.Of(compressor.BitsPerByte),
                    ReportFigure.Of(BitsPerRawByte(compressor, measured.Evaluation)), "", "",
                ])),
            ]);
    }

    // The evaluation's raw bytes stand for as many bytes of the cleaned text as the compressor's.
    private static double BitsPerRawByte(CompressorBaseline compressor, EvaluationReport evaluation) =>
        compressor.BitsPerByte * evaluation.Bytes / evaluation.RawBytes;

    private static string[] Row(EvaluationReport report) =>
    [
        report.Model,
        report.Text,
        ReportFigure.Of(report.Perplexity, report.PerplexityInterval.Low, report.PerplexityInterval.High),
        ReportFigure.Of(report.BitsPerCharacter, report.BitsPerCharacterInterval.Low, report.BitsPerCharacterInterval.High),
        ReportFigure.Of(report.BitsPerByte),
        ReportFigure.Of(report.BitsPerRawByte),
        ReportFigure.Of(report.Accuracy),
        ReportFigure.Of(report.CalibrationError),
    ];

    private static ReportSection Curves(IReadOnlyList<RunRecord> runs) => new("Learning curves",
    [
        new LineChart("Perplexity", "epoch", "perplexity",
        [
            .. runs.SelectMany((run, group) => (LineSeries[])
            [
                RunReportParts.Series(run, $"{run.Name}: train", group, epoch => epoch.TrainPerplexity),
                RunReportParts.Series(run, $"{run.Name}: held out", group, epoch => epoch.HeldOutPerplexity) with { Dashed = true },
            ]).Where(series => series.Points.Count > 0),
        ])
        { LogarithmicY = true },
        RunReportParts.Chart(runs, "Gradient norm before clipping, mean of an epoch", "norm", epoch => epoch.GradientNorm),
        RunReportParts.Chart(runs, "Speed of training", "tokens/s", epoch => epoch.TokensPerSecond),
        RunReportParts.Chart(runs, "Learning rate", "step size", epoch => epoch.LearningRate),
    ]);

    private static ShadedText Passage(RunMeasurement measured) => new(
        $"{measured.Run}: bits of each token, {DarkestBits} and above darkest",
        [.. measured.Passage.Select(token => (token.Token, token.Nats / Math.Log(2)))])
    { Largest = DarkestBits };

    private static string Describe(ModelConfig model) =>
        RunReportParts.Describe(model) + (model.LeakLabel is null ? "" : "; " + model.LeakLabel);
}
