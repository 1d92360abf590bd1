using CharLM.Workbench.Reports;

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
    /// <summary>The variant, in words.</summary>
    public required string Variant { get; init; }

    /// <summary>Trials that the experiment has of it.</summary>
    public required int Trials { get; init; }

    /// <summary>Those that are finished.</summary>
    public required int Finished { get; init; }

    /// <summary>The number of trainable values; null while none is finished.</summary>
    public long? Parameters { get; init; }

    /// <summary>Epochs, the median of the trials; null while none is finished.</summary>
    public double? Epochs { get; init; }

    /// <summary>Perplexity over the last epoch.</summary>
    public Spread? TrainPerplexity { get; init; }

    /// <summary>Perplexity of the held-out text after it.</summary>
    public Spread? HeldOutPerplexity { get; init; }

    /// <summary>Bits per character of the held-out text after it.</summary>
    public Spread? HeldOutBits { get; init; }

    /// <summary>The trial with the best value of the experiment's measure; null while none is finished.</summary>
    public string? BestTrial { get; init; }

    /// <summary>Tokens learned in a second of training, the median of the trials.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>Seconds of training, the sum of the trials.</summary>
    public double? TrainedSeconds { get; init; }

    /// <summary>What must be said of every figure of the variant; null for most.</summary>
    public string? Warning { get; init; }

    /// <summary>What variants are compared by.</summary>
    public Spread? Of(TrialMetric measure) => measure switch
    {
        TrialMetric.TrainPerplexity => TrainPerplexity,
        TrialMetric.HeldOutPerplexity => HeldOutPerplexity,
        TrialMetric.HeldOutBits => HeldOutBits,
        _ => throw new ArgumentOutOfRangeException(nameof(measure), measure, "not a measure"),
    };
}

/// <summary>What the trials of a variant reached together.</summary>
/// <param name="Mean">Their mean.</param>
/// <param name="Deviation">Their standard deviation, that of a sample: the squares are divided by n - 1; null for a single one.</param>
/// <param name="Best">The smallest.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Infinite">How many of them are infinite, as a perplexity can be; the mean then is, too, and has no deviation.</param>
public sealed record Spread(double Mean, double? Deviation, double Best, int Count, int Infinite)
{
    /// <summary>The spread of values; null when there are none.</summary>
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

/// <summary>What the variants of an experiment are compared by; the smaller, the better.</summary>
public enum TrialMetric
{
    /// <summary>Perplexity of the last epoch's training text, measured before each step learned.</summary>
    TrainPerplexity,

    /// <summary>Perplexity of the held-out text after the last epoch.</summary>
    HeldOutPerplexity,

    /// <summary>
    /// Bits per character of the held-out text after the last epoch: it compares models of characters with models of words.
    /// </summary>
    HeldOutBits,
}
