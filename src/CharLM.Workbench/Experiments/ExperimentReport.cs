using CharLM.Workbench.Reports;

namespace CharLM.Workbench.Experiments;

/// <summary>An experiment's results, one row per variant.</summary>
/// <param name="Experiment">The experiment.</param>
/// <param name="Rows">The variants, in the experiment's order.</param>
public sealed record ExperimentReport(Experiment Experiment, IReadOnlyList<ExperimentRow> Rows)
{
    /// <summary>Number of unfinished trials.</summary>
    public int Unfinished => Rows.Sum(row => row.Trials - row.Finished);

    /// <summary>
    /// The variant with the best mean of the experiment's metric; null while nothing is finished, and if the variants are not measured on
    /// one text.
    /// </summary>
    public ExperimentRow? Best => !Experiment.MeasuresOneText ? null
        : Rows.Where(row => row.Of(Experiment.Measure) is { Mean: not double.NaN }).MinBy(row => row.Of(Experiment.Measure)!.Mean);

    /// <summary>Builds the report of the finished trials.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="trials">The status of its trials.</param>
    public static ExperimentReport From(Experiment experiment, IEnumerable<TrialStatus> trials)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        return new ExperimentReport(
            experiment, [.. trials.GroupBy(status => status.Trial.Variant).Select(variant => Row([.. variant], experiment.Measure))]);
    }

    private static ExperimentRow Row(TrialStatus[] trials, TrialMetric measure)
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
            BestTrial = finished.Where(status => status.Result!.Of(measure) is not (null or double.NaN))
                .MinBy(status => status.Result!.Of(measure))?.Trial.Id,
            TokensPerSecond = Median.Of(results.Select(result => result.TokensPerSecond)),
            TrainedSeconds = results.Length == 0 ? null : results.Sum(result => result.TrainedSeconds),
            Warning = trials[0].Trial.Config.Model.LeakLabel,
        };
    }
}

/// <summary>One variant of an experiment, over its finished trials.</summary>
public sealed record ExperimentRow
{
    /// <summary>The variant as text.</summary>
    public required string Variant { get; init; }

    /// <summary>Number of its trials.</summary>
    public required int Trials { get; init; }

    /// <summary>Number of its finished trials.</summary>
    public required int Finished { get; init; }

    /// <summary>Number of trainable parameters; null while no trial is finished.</summary>
    public long? Parameters { get; init; }

    /// <summary>Epochs, median over the trials; null while none is finished.</summary>
    public double? Epochs { get; init; }

    /// <summary>Training perplexity of the last epoch.</summary>
    public Spread? TrainPerplexity { get; init; }

    /// <summary>Held-out perplexity after the last epoch.</summary>
    public Spread? HeldOutPerplexity { get; init; }

    /// <summary>Held-out bits per character after the last epoch.</summary>
    public Spread? HeldOutBits { get; init; }

    /// <summary>The trial with the best value of the experiment's metric; null while none is finished.</summary>
    public string? BestTrial { get; init; }

    /// <summary>Tokens per second of training, median over the trials.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>Seconds of training, summed over the trials.</summary>
    public double? TrainedSeconds { get; init; }

    /// <summary>A caveat for every figure of the variant; usually null.</summary>
    public string? Warning { get; init; }

    /// <summary>The values of a metric.</summary>
    public Spread? Of(TrialMetric measure) => measure switch
    {
        TrialMetric.TrainPerplexity => TrainPerplexity,
        TrialMetric.HeldOutPerplexity => HeldOutPerplexity,
        TrialMetric.HeldOutBits => HeldOutBits,
        _ => throw new ArgumentOutOfRangeException(nameof(measure), measure, "not a measure"),
    };
}

/// <summary>The distribution of a metric over a variant's trials.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Deviation">The sample standard deviation (divided by n - 1); null for a single value.</param>
/// <param name="Best">The smallest value.</param>
/// <param name="Count">The number of values.</param>
/// <param name="Infinite">The number of infinite values; if there are any, the mean is infinite and has no deviation.</param>
public sealed record Spread(double Mean, double? Deviation, double Best, int Count, int Infinite)
{
    /// <summary>Computes the distribution; null if there are no values.</summary>
    public static Spread? Of(IEnumerable<double> values)
    {
        double[] all = [.. values];
        if (all.Length == 0)
            return null;
        double mean = all.Average();
        double? deviation = all.Length == 1 || !double.IsFinite(mean) ? null
            : Math.Sqrt(all.Sum(value => (value - mean) * (value - mean)) / (all.Length - 1));
        return new Spread(mean, deviation, all.Min(), all.Length, all.Count(double.IsInfinity));
    }
}

/// <summary>The metric by which an experiment's variants are compared; smaller is better.</summary>
public enum TrialMetric
{
    /// <summary>Training perplexity of the last epoch, measured before each step learns.</summary>
    TrainPerplexity,

    /// <summary>Held-out perplexity after the last epoch.</summary>
    HeldOutPerplexity,

    /// <summary>Held-out bits per character after the last epoch; compares character with word models.</summary>
    HeldOutBits,
}
