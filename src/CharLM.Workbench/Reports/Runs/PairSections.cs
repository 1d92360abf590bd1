using CharLM.Pairs.Classification;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>The report sections specific to models on pairs: held-out figures, confusion matrices, predictions, attention.</summary>
internal static class PairSections
{
    private const int MostLabels = 40;
    private const int MostConfusions = 10;

    /// <summary>
    /// The held-out figures of each model: one table for each set of pairs, since figures on different pairs cannot be ranked.
    /// </summary>
    /// <param name="measurements">The measurements.</param>
    /// <param name="groups">Their runs, by the pairs that they held out.</param>
    public static ReportSection HeldOut(IReadOnlyList<PairMeasurement> measurements, IReadOnlyList<RunGroup> groups)
    {
        (string Name, PairMeasurement[] Measured)[] sets = [.. groups
            .Select(group => (group.Name, measurements.Where(measured => group.Runs.Any(run => run.Name == measured.Run)).ToArray()))
            .Where(group => group.Item2.Length > 0)];
        return new ReportSection("Pairs that training held out",
        [
            .. sets.Select(set => Ranking(sets.Length == 1 ? "" : set.Name, set.Measured)),
            .. sets.Length == 1 ? [] : (ReportPart[])[new Paragraph("Each table ranks models on one set of pairs only.")],
            new Paragraph("Each run's model is its best on these pairs, so they are no test: measure the model that you choose on other "
                + "pairs, with the eval command of its verb."),
        ]);
    }

    private static ReportTable Ranking(string title, PairMeasurement[] measurements)
    {
        string[] names = [.. measurements.SelectMany(measured => measured.Metrics).Select(figure => figure.Name).Distinct()];
        return new ReportTable(
            title,
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
            ]);
    }

    /// <summary>The sections of particular kinds: labels of classifiers, predictions, attention of encoder-decoders.</summary>
    public static IEnumerable<ReportSection> Models(IReadOnlyList<PairMeasurement> measurements)
    {
        foreach (PairMeasurement measured in measurements)
        {
            if (measured.Confusion is { } matrix)
                yield return Labels(measured, matrix);
        }
        yield return new ReportSection("Predictions", [.. measurements.Select(Predictions)]);
        if (measurements.Any(measured => measured.Attention.Count > 0))
            yield return AttentionMap.Section(
                measurements.SelectMany(measured => measured.Attention.Select(map => ($"{measured.Run}: {map.Text}", map))));
    }

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
        // A matrix of hundreds of labels would be unreadable.
        ReportPart picture = labels.Length <= MostLabels
            ? new HeatMap(
                "Confusion matrix: the share of each true label", "predicted", "true label", matrix.Labels, matrix.Labels,
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
                    "The most frequent mistakes", [new("true label", IsNumber: false), new("predicted", IsNumber: false), new("count")],
                        confusions)],
        ]);
    }

    private static ReportTable Predictions(PairMeasurement measured) => new(
        $"{measured.Run}: the first {measured.Examples.Count} held-out pairs",
        [new("source", IsNumber: false), new("target", IsNumber: false), new("prediction", IsNumber: false), new("", IsNumber: false)],
        [.. measured.Examples.Select(
            example => (string[])[example.Pair.Source, example.Pair.Target, example.Prediction,
                example.IsRight ? "right" : "wrong"])]);
}
