using CharLM.Evaluation;
using CharLM.Pairs;
using CharLM.Workbench.Reports.Runs;

namespace CharLM.Cli.Reporting;

/// <summary>Runs of models on pairs.</summary>
/// <param name="runs">The runs, all of one kind; their names are different.</param>
internal sealed class ReportedPairRuns(IReadOnlyList<RunRecord> runs) : IReportedRuns
{
    /// <inheritdoc/>
    public async Task<ReportContent> ReportAsync(ReportMeasuring? measure, CancellationToken cancellationToken)
    {
        IReadOnlyList<PairMeasurement> measurements = measure is null ? [] : await MeasureAsync(measure, cancellationToken);
        return new ReportContent(
            PairReport.Of(runs, measurements, measure?.Notes ?? []),
            PairTables.Runs(runs),
            PairTables.Epochs(runs),
            PairTables.Evaluations(measurements),
            [
                .. runs.Select(run => new
                {
                    Run = run.Name,
                    run.Last?.Epoch,
                    run.Last?.TrainLoss,
                    run.Last?.HeldOutLoss,
                    run.Last?.HeldOut,
                    BestHeldOut = run.MainOf(run.Best),
                    BestEpoch = run.Best?.Epoch,
                    Measured = measurements.FirstOrDefault(measured => measured.Run == run.Name) is { } measured
                        ? Metric.ByKey(measured.Metrics) : null,
                }),
            ]);
    }

    private Task<IReadOnlyList<PairMeasurement>> MeasureAsync(ReportMeasuring measure, CancellationToken cancellationToken)
    {
        var evaluator = new PairEvaluator(measure.Device, measure.Threads);
        return measure.OfAsync(runs, run => run.Name, async run =>
        {
            string path = run.Validation ?? throw new InvalidConfigException(["it held no pairs out"]);
            return evaluator.Measure(run, await PairFile.ReadAsync(path, cancellationToken), cancellationToken);
        });
    }
}
