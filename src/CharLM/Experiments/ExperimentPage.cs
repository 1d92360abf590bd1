using CharLM.Reports;
using CharLM.Runs;

namespace CharLM.Experiments;

/// <summary>An experiment as a report to read: its rows, and how the variants learned.</summary>
public static class ExperimentPage
{
    /// <summary>The report.</summary>
    /// <param name="report">The rows.</param>
    /// <param name="trials">How the trials stand.</param>
    /// <param name="directory">Where their metrics are.</param>
    /// <exception cref="Checkpoints.CheckpointException">Metrics are damaged.</exception>
    public static Report Of(ExperimentReport report, IEnumerable<TrialStatus> trials, ExperimentDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(directory);
        Experiment experiment = report.Experiment;
        string measure = ExperimentTable.NameOf(experiment.Measure);
        TrialStatus[] all = [.. trials];
        var chart = new LineChart(
            $"{measure}, mean over the seeds", "epoch", measure,
            [.. all.Where(status => status.Result is not null).GroupBy(status => status.Trial.Variant).Select(variant => Curve(variant, experiment.Measure, directory))]);
        List<string> about = [experiment.About ?? "", report.Best is { } best && report.Rows.Count > 1 ? $"The best mean is that of {best.Variant}." : "", report.Unfinished > 0 ? $"{report.Unfinished} of {all.Length} trials are not finished." : ""];
        return new Report(
            $"Experiment {experiment.Name}",
            [
                new ReportSection("Variants", [.. about.Where(text => text.Length > 0).Select(text => new Paragraph(text)), ExperimentTable.Short(report)]),
                new ReportSection("Learning", chart),
                new ReportSection("Trials", Trials(all)),
            ]);
    }

    private static LineSeries Curve(IGrouping<string, TrialStatus> variant, Measure measure, ExperimentDirectory directory)
    {
        IEnumerable<(int Epoch, double Value)> points = variant.SelectMany(status =>
        {
            // Bits a character are those of a token over the characters of one, which do not change.
            double scale = status.Result is { HeldOutBits: { } bits, HeldOutPerplexity: { } perplexity } ? bits / Math.Log2(perplexity) : double.NaN;
            return directory.Metrics(status.Trial).Select(epoch => (epoch.Epoch, measure switch
            {
                Measure.TrainPerplexity => epoch.TrainPerplexity,
                Measure.HeldOutPerplexity => epoch.HeldOutPerplexity ?? double.NaN,
                _ => scale * Math.Log2(epoch.HeldOutPerplexity ?? double.NaN),
            }));
        });
        return new LineSeries(variant.Key, [.. points.GroupBy(point => point.Epoch).OrderBy(epoch => epoch.Key).Select(epoch => ((double)epoch.Key, epoch.Average(point => point.Value)))]);
    }

    private static ReportTable Trials(IEnumerable<TrialStatus> trials) => new(
        "",
        [
            new("trial", IsNumber: false), new("state", IsNumber: false), new("seed"), new("epochs"), new("training perplexity"), new("held-out perplexity"), new("held-out bits per character"),
            new("tokens/s"), new("seconds"),
        ],
        [.. trials.Select(status => (IReadOnlyList<string>)
        [
            status.Trial.Id, Choices.NameOf(status.State), $"{status.Trial.Seed}", ReportFigure.Of(status.Result?.Epochs), ReportFigure.Of(status.Result?.TrainPerplexity),
            ReportFigure.Of(status.Result?.HeldOutPerplexity), ReportFigure.Of(status.Result?.HeldOutBits), ReportFigure.Of(status.Result?.TokensPerSecond), ReportFigure.Of(status.Result?.TrainedSeconds),
        ])]);
}
