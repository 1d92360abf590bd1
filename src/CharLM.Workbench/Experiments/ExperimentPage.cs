using CharLM.Workbench.Reports;
using CharLM.Workbench.Reports.Runs;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Experiments;

/// <summary>Builds the report of an experiment: its table and learning curves.</summary>
public static class ExperimentPage
{
    // More lines would be indistinguishable; then only means are shown.
    private const int MostLines = 60;

    /// <summary>Builds the report.</summary>
    /// <param name="report">The rows.</param>
    /// <param name="trials">The status of the trials.</param>
    /// <param name="directory">The experiment's runs.</param>
    /// <exception cref="Checkpoints.CheckpointException">Metrics are damaged.</exception>
    public static Report Of(ExperimentReport report, IEnumerable<TrialStatus> trials, ExperimentDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(directory);
        Experiment experiment = report.Experiment;
        TrialStatus[] all = [.. trials];
        // Perplexities of characters and of words are not comparable; bits per character are.
        bool samePerplexity = experiment.Trials.Select(trial => trial.Config.Text.Token).Distinct().Count() == 1;
        TrialMetric[] measures = experiment.Measure == TrialMetric.HeldOutBits && samePerplexity
            ? [TrialMetric.HeldOutPerplexity, TrialMetric.HeldOutBits]
            : [experiment.Measure];
        List<string> about = [experiment.About ?? "", experiment.MeasuresOneText ? ""
                : "The variants are measured on different texts or parts of a text, so their figures do not rank them.",
                    report.Unfinished > 0 ? $"{report.Unfinished} of {all.Length} trials are not finished." : ""];
        return new Report(
            $"Experiment {experiment.Name}",
            [
                new ReportSection("Variants",
                    [.. Verdict(report, all), .. about.Where(text => text.Length > 0).Select(text => new Paragraph(text)),
                        ExperimentTable.Short(report)]),
                new ReportSection("Learning", [.. measures.Select(measure => Chart(all, measure, directory))]),
                new ReportSection("Trials", Trials(all)),
            ]);
    }

    // Who wins, by how much, and whether counting beats it.
    private static IEnumerable<Paragraph> Verdict(ExperimentReport report, TrialStatus[] trials)
    {
        TrialMetric measure = report.Experiment.Measure;
        ExperimentRow[] ranked = [.. report.Rows.Where(row => row.Of(measure) is { Mean: not double.NaN })
            .OrderBy(row => row.Of(measure)!.Mean)];
        if (report.Best is not { } best || !double.IsFinite(best.Of(measure)!.Mean))
            yield break;
        Spread first = best.Of(measure)!;
        string name = ExperimentTable.NameOf(measure), over = first.Count > 1 ? $", mean of {first.Count} seeds" : "";
        string lead = ranked is [_, var second, ..]
            ? second.Of(measure)!.Mean == first.Mean
                ? RunVerdict.Together([.. ranked.TakeWhile(row => row.Of(measure)!.Mean == first.Mean).Select(row => row.Variant)])
                    + $" tie: {name} {ReportFigure.Of(first.Mean)}{over}"
                : $"{best.Variant} wins: {name} {ReportFigure.Of(first.Mean)}{over}, "
                    + $"{RunVerdict.Share(first.Mean, second.Of(measure)!.Mean, "lower", "higher")} than {second.Variant} "
                    + $"({ReportFigure.Of(second.Of(measure)!.Mean)})"
            : $"{best.Variant} reaches {name} {ReportFigure.Of(first.Mean)}{over}";
        UnseenFigures[] unseen = [.. trials.Where(status => status.Trial.Variant == best.Variant)
            .Select(status => status.Result?.Unseen).OfType<UnseenFigures>().Where(figures => figures.NGramLoss is not null)];
        if (unseen.Length > 0)
        {
            double loss = unseen.Average(figures => figures.Loss), counted = unseen.Average(figures => figures.NGramLoss!.Value);
            lead += $", and counting (n-gram of order {unseen[0].NGramOrder}) {(counted < loss ? "beats" : "does not beat")} "
                + $"{(ranked is [_, var other, ..] && other.Of(measure)!.Mean == first.Mean ? best.Variant : "it")} on unseen text: "
                + $"perplexity {ReportFigure.Of(Math.Exp(counted))}, the model's {ReportFigure.Of(Math.Exp(loss))}";
        }
        yield return new Paragraph(lead + ".") { IsLead = true };
    }

    // Each variant has one colour: its mean over the seeds as a solid line, its trials as dashed lines.
    private static LineChart Chart(TrialStatus[] trials, TrialMetric measure, ExperimentDirectory directory)
    {
        var variants = trials.GroupBy(status => status.Trial.Variant)
            .Select((variant, group) =>
                (Name: variant.Key, Group: group,
                    Curves: variant.Select(status => Curve(status, measure, directory)).Where(curve => curve.Points.Count > 0).ToArray()))
            .Where(variant => variant.Curves.Length > 0).ToArray();
        bool hasMeans = variants.Any(variant => variant.Curves.Length > 1);
        bool showsTrials = !hasMeans || variants.Sum(variant => variant.Curves.Length + 1) <= MostLines;
        string over = hasMeans ? $", mean over the seeds{(showsTrials ? ", and each (dashed lines)" : "")}" : "";
        string title = $"{ExperimentTable.NameOf(measure)}{over}";
        return new LineChart(title, LearningAxes.Epoch, ExperimentTable.NameOf(measure),
            [.. variants.SelectMany(variant => Lines(variant.Name, variant.Group, variant.Curves, showsTrials))])
        {
            OtherX = LearningAxes.Others(ofPairs: false),
        };
    }

    private static IEnumerable<LineSeries> Lines(string name, int group, LineSeries[] curves, bool showsTrials)
    {
        if (curves.Length == 1)
            return [curves[0] with { Name = name, Group = group }];
        // A mean over fewer trials would jump where one ends, so it covers only the epochs that all trials have.
        (double Epoch, (LineSeries Curve, int Point)[] Places)[] common = [.. curves
            .SelectMany(curve => curve.Points.Select((point, i) => (point.X, Curve: curve, Point: i)))
            .GroupBy(place => place.X, place => (place.Curve, place.Point)).OrderBy(epoch => epoch.Key)
            .Where(epoch => epoch.Count() == curves.Length).Select(epoch => (epoch.Key, epoch.ToArray()))];
        var mean = new LineSeries(
            name, [.. common.Select(epoch => (epoch.Epoch, epoch.Places.Average(place => place.Curve.Points[place.Point].Y)))])
        {
            Group = group,
            OtherX = [.. curves[0].OtherX.Select((_, axis) =>
                (double[])[.. common.Select(epoch => epoch.Places.Average(place => place.Curve.OtherX[axis][place.Point]))])],
        };
        return [mean, .. showsTrials ? curves.Select(curve => curve with { Group = group, Dashed = true }) : []];
    }

    private static LineSeries Curve(TrialStatus status, TrialMetric measure, ExperimentDirectory directory)
    {
        // Bits per character are bits per token over characters per token, which is constant and known once the trial is finished.
        IReadOnlyList<EpochMetrics> metrics = directory.Metrics(status.Trial);
        double scale = metrics is [.., var last] ? status.Result?.HeldOutBits / last.HeldOutLoss ?? double.NaN : double.NaN;
        return LearningAxes.Series(status.Trial.Id, metrics, epoch =>
        {
            double? value = measure switch
            {
                TrialMetric.TrainPerplexity => epoch.TrainPerplexity,
                TrialMetric.HeldOutPerplexity => epoch.HeldOutPerplexity,
                _ => scale * epoch.HeldOutLoss,
            };
            return value is { } known && double.IsFinite(known) ? known : null;
        });
    }

    private static ReportTable Trials(TrialStatus[] trials)
    {
        bool someFailed = trials.Any(status => status.Problem is not null);
        ReportColumn[] reason = someFailed ? [new ReportColumn("reason", IsNumber: false)] : [];
        return new ReportTable(
            "",
            [
                new("trial", IsNumber: false), new("state", IsNumber: false), new("seed"), new("epochs"), new("training perplexity"),
                    new("held-out perplexity"), new("held-out bits per character"),
                new("tokens/s"), new("seconds"), .. reason,
            ],
            [.. trials.Select(status => (IReadOnlyList<string>)
            [
                status.Trial.Id, Choices.NameOf(status.State), $"{status.Trial.Seed}", ReportFigure.Of(status.Result?.Epochs),
                    ReportFigure.Of(status.Result?.TrainPerplexity),
                ReportFigure.Of(status.Result?.HeldOutPerplexity), ReportFigure.Of(status.Result?.HeldOutBits),
                    ReportFigure.Of(status.Result?.TokensPerSecond), ReportFigure.Of(status.Result?.TrainedSeconds),
                .. someFailed ? [status.Problem ?? ""] : Array.Empty<string>(),
            ])]);
    }
}
