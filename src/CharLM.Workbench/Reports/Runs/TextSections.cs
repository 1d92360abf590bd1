using CharLM.Evaluation;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>What a report shows of language models alone: their ranking beside baselines, and the surprisal of a passage.</summary>
internal static class TextSections
{
    private const double DarkestBits = 8;

    /// <summary>The figures of each model beside baselines: a table for each text, since figures of other texts are no ranking.</summary>
    public static ReportSection HeldOut(IReadOnlyList<TextMeasurement> measurements)
    {
        IGrouping<MeasuredText, TextMeasurement>[] texts = [.. measurements.GroupBy(measured => measured.Evaluation.Measured)];
        var parts = new List<ReportPart>();
        foreach (IGrouping<MeasuredText, TextMeasurement> text in texts)
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

    private static ReportTable Ranking(string title, IReadOnlyList<TextMeasurement> measurements)
    {
        TextMeasurement[] baselines = [.. RunTables.Baselines(measurements)];
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

    /// <summary>The beginning of the text, token by token.</summary>
    public static ReportSection Passages(IReadOnlyList<TextMeasurement> measurements) =>
        new("Surprisal of a held-out passage", [.. measurements.Select(Passage)]);

    private static ShadedText Passage(TextMeasurement measured) => new(
        $"{measured.Run}: bits of each token, {DarkestBits} and above darkest",
        [.. measured.Passage.Select(token => (token.Token, token.Nats / Math.Log(2)))])
    { Largest = DarkestBits };
}
