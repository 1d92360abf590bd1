using CharLM.Evaluation;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>The report sections specific to language models: their ranking with baselines, and the surprisal of a passage.</summary>
internal static class TextSections
{
    /// <summary>
    /// The held-out figures of each model with baselines: one table per text, since figures on different texts cannot be ranked.
    /// </summary>
    public static ReportSection HeldOut(IReadOnlyList<TextMeasurement> measurements)
    {
        IGrouping<MeasuredText, TextMeasurement>[] texts = [.. measurements.GroupBy(measured => measured.Evaluation.Measured)];
        var parts = new List<ReportPart>();
        foreach (IGrouping<MeasuredText, TextMeasurement> text in texts)
            parts.Add(Ranking(NameOf(text.First().Evaluation), [.. text]));
        if (texts.Length > 1)
        {
            parts.Add(new Paragraph(
                "Each table ranks models on one text only. Between tables, only bits per byte of the raw text have a common unit, and a "
                + "cleaning that drops characters leaves less to predict."));
        }
        string[] readings = [.. measurements.Select(measured => measured.Evaluation.Reading).Distinct()];
        parts.Add(new Paragraph(
            $"The models read it in {string.Join("; or ", readings)}. Intervals come from a block bootstrap over the text. "
            + "The n-gram model, the unigrams (how frequent each token is) and the compressors have read the text before it; the uniform "
            + "model has read nothing."));
        return new ReportSection("Text that training did not see", parts);
    }

    private static ReportTable Ranking(string title, IReadOnlyList<TextMeasurement> measurements)
    {
        TextMeasurement[] baselines = [.. RunTables.Baselines(measurements)];
        return new ReportTable(
            title,
            Columns,
            [
                .. measurements.OrderBy(measured => measured.Evaluation.BitsPerByte).Select(measured => Row(measured.Evaluation)),
                .. baselines.SelectMany(measured => measured.NGram is { } nGram ? (string[][])[Row(nGram)] : []),
                .. baselines.SelectMany(measured => measured.WithoutContext.Select(Row)),
                .. baselines.SelectMany(measured => measured.Compressors.Select(compressor => (string[])
                [
                    compressor.Name, "", ReportFigure.Of(compressor.BitsPerCharacter),
                        ReportFigure.Of(compressor.BitsPerByte),
                    ReportFigure.Of(BitsPerRawByte(compressor, measured.Evaluation)), "", "",
                ])),
            ]);
    }

    // The ratio of raw to cleaned bytes is the same for the compressor as for the evaluation.
    private static double BitsPerRawByte(CompressorBaseline compressor, EvaluationReport evaluation) =>
        compressor.BitsPerByte * evaluation.Bytes / evaluation.RawBytes;

    /// <summary>The name of a measured text, which figures that can be ranked share.</summary>
    public static string NameOf(EvaluationReport report) => $"{report.Text}, cleaned as '{Choices.NameOf(report.Measured.Cleaning)}'";

    /// <summary>The figures of models in the given order, a table for each measured text.</summary>
    public static IEnumerable<ReportTable> Figures(IEnumerable<EvaluationReport> reports) => reports.GroupBy(NameOf)
        .Select(text => new ReportTable(text.Key, Columns, [.. text.Select(Row)]));

    private static ReportColumn[] Columns { get; } =
    [
        new("model", IsNumber: false), new("perplexity (95 % interval)"), new("bits per character (95 % interval)"),
        new("bits per byte"), new("bits per byte of the raw text"), new("accuracy"), new("calibration error"),
    ];

    private static string[] Row(EvaluationReport report) =>
    [
        report.Model,
        ReportFigure.Of(report.Perplexity, report.PerplexityInterval.Low, report.PerplexityInterval.High),
        ReportFigure.Of(report.BitsPerCharacter, report.BitsPerCharacterInterval.Low, report.BitsPerCharacterInterval.High),
        ReportFigure.Of(report.BitsPerByte),
        ReportFigure.Of(report.BitsPerRawByte),
        ReportFigure.Of(report.Accuracy),
        ReportFigure.Of(report.CalibrationError),
    ];

    /// <summary>The beginning of the text, coloured token by token; models of one text stand together.</summary>
    public static ReportSection Passages(IReadOnlyList<TextMeasurement> measurements)
    {
        IGrouping<MeasuredText, TextMeasurement>[] texts = [.. measurements.GroupBy(measured => measured.Evaluation.Measured)];
        return new("Surprisal of a held-out passage",
            [.. texts.SelectMany(text => text.Select(measured => SurprisalText.Of(
                measured.Run + (texts.Length == 1 ? "" : $", {NameOf(measured.Evaluation)}"), measured.Passage)))]);
    }
}
