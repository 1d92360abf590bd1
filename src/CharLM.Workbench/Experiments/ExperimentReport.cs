namespace CharLM.Workbench.Experiments;

/// <summary>An experiment's results, a row for each variant.</summary>
/// <param name="Experiment">The experiment.</param>
/// <param name="Rows">The variants, in the experiment's order.</param>
public sealed record ExperimentReport(Experiment Experiment, IReadOnlyList<ExperimentRow> Rows)
{
    /// <summary>Trials that are not finished.</summary>
    public int Unfinished => Rows.Sum(row => row.Trials - row.Finished);

    /// <summary>
    /// The variant with the best mean of the experiment's measure; null while nothing is finished, and where the variants are not
    /// measured on one text.
    /// </summary>
    public ExperimentRow? Best => !Experiment.MeasuresOneText ? null
        : Rows.Where(row => row.Of(Experiment.Measure) is { Mean: not double.NaN }).MinBy(row => row.Of(Experiment.Measure)!.Mean);

    /// <summary>The report of what is finished.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="trials">How its trials stand.</param>
    public static ExperimentReport From(Experiment experiment, IEnumerable<TrialStatus> trials)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        return new ExperimentReport(experiment, [.. trials.GroupBy(status => status.Trial.Variant).Select(variant => Row([.. variant], experiment.Measure))]);
    }

    private static ExperimentRow Row(TrialStatus[] trials, Measure measure)
    {
        TrialStatus[] finished = [.. trials.Where(status => status.Result is not null)];
        TrialResult[] results = [.. finished.Select(status => status.Result!)];
        return new ExperimentRow
        {
            Variant = trials[0].Trial.Variant,
            Trials = trials.Length,
            Finished = results.Length,
            Parameters = results.FirstOrDefault()?.Parameters,
            Epochs = Median.Of(results.Select(result => (double)result.Epochs)),
            TrainPerplexity = Spread.Of(results.Select(result => result.TrainPerplexity)),
            HeldOutPerplexity = Spread.Of(results.Select(result => result.HeldOutPerplexity).OfType<double>()),
            HeldOutBits = Spread.Of(results.Select(result => result.HeldOutBits).OfType<double>()),
            BestTrial = finished.Where(status => status.Result!.Of(measure) is not (null or double.NaN)).MinBy(status => status.Result!.Of(measure))?.Trial.Id,
            TokensPerSecond = Median.Of(results.Select(result => result.TokensPerSecond)),
            TrainedSeconds = results.Length == 0 ? null : results.Sum(result => result.TrainedSeconds),
            Warning = trials[0].Trial.Config.Model.LeakLabel,
        };
    }
}
