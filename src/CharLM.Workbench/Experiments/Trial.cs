using CharLM.Checkpoints;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Experiments;

/// <summary>One run of an experiment.</summary>
public sealed record Trial
{
    /// <summary>Its number in the experiment, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>Its name, also of its run directory; independent of the other trials.</summary>
    public required string Id { get; init; }

    /// <summary>Its changes to the base as text; the same for trials that differ only in the seed.</summary>
    public required string Variant { get; init; }

    /// <summary>The seed.</summary>
    public long Seed => Config.Training.Seed;

    /// <summary>The repetition with this seed, from 1.</summary>
    public required int Repeat { get; init; }

    /// <summary>The run's configuration.</summary>
    public required RunConfig Config { get; init; }
}

/// <summary>The state of a trial.</summary>
public enum TrialState
{
    /// <summary>Not started.</summary>
    Waiting,

    /// <summary>Running, here or in another process.</summary>
    Running,

    /// <summary>Interrupted before its last epoch; running it again resumes it.</summary>
    Resumable,

    /// <summary>Finished.</summary>
    Finished,

    /// <summary>Failed; running it again retries it.</summary>
    Failed,

    /// <summary>Should have run, but another process holds it.</summary>
    Busy,

    /// <summary>In the queue of a cluster's scheduler.</summary>
    Queued,
}

/// <summary>The state of a trial, with details.</summary>
/// <param name="Trial">The trial.</param>
/// <param name="State">Its state.</param>
public sealed record TrialStatus(Trial Trial, TrialState State)
{
    /// <summary>Its last finished epoch; null before the first.</summary>
    public EpochMetrics? Progress { get; init; }

    /// <summary>Its result; null unless finished.</summary>
    public TrialResult? Result { get; init; }

    /// <summary>The reason for its failure; null unless failed.</summary>
    public string? Problem { get; init; }

    /// <summary>Warnings of the run that just ended: a damaged checkpoint, a different machine.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>The reason for a trial's last failure: its <c>failure.json</c>.</summary>
internal sealed record TrialFailure
{
    /// <summary>The reason, in a sentence.</summary>
    public required string Problem { get; init; }

    /// <summary>The time of the failure.</summary>
    public required DateTimeOffset Time { get; init; }
}

/// <summary>The result of a finished trial.</summary>
public sealed record TrialResult
{
    /// <summary>Finished epochs.</summary>
    public required int Epochs { get; init; }

    /// <summary>Number of trainable parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>Training perplexity of the last epoch.</summary>
    public required double TrainPerplexity { get; init; }

    /// <summary>Held-out perplexity after the last epoch; null if nothing is held out.</summary>
    public double? HeldOutPerplexity { get; init; }

    /// <summary>Held-out bits per character after the last epoch; null if nothing is held out, or if it has unknown tokens.</summary>
    public double? HeldOutBits { get; init; }

    /// <summary>The best model's figures on unseen text, beside counted n-grams; null if training saw all.</summary>
    internal UnseenFigures? Unseen { get; init; }

    /// <summary>Tokens per second of training, median over the epochs.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>Seconds of training.</summary>
    public required double TrainedSeconds { get; init; }

    /// <summary>The value of a metric; null if the trial does not have it.</summary>
    public double? Of(TrialMetric measure) => measure switch
    {
        TrialMetric.TrainPerplexity => TrainPerplexity,
        TrialMetric.HeldOutPerplexity => HeldOutPerplexity,
        TrialMetric.HeldOutBits => HeldOutBits,
        _ => throw new ArgumentOutOfRangeException(nameof(measure), measure, "not a measure"),
    };

    /// <summary>Reads the result of a complete run.</summary>
    /// <exception cref="CheckpointException">A file of its directory is missing or damaged.</exception>
    internal static TrialResult Read(RunDirectory directory)
    {
        RunSummary summary = RunSummary.Read(directory.ResultPath);
        IReadOnlyList<EpochMetrics> metrics = EpochMetrics.Read(directory.MetricsPath);
        return new TrialResult
        {
            Epochs = summary.Epochs,
            Parameters = summary.Parameters,
            TrainPerplexity = summary.TrainPerplexity ?? double.NaN,
            HeldOutPerplexity = summary.HeldOutPerplexity,
            HeldOutBits = summary.HeldOutLoss / Math.Log(2) / summary.CharactersPerToken,
            Unseen = summary.Unseen,
            TokensPerSecond = Median.Of(metrics.Select(epoch => epoch.TokensPerSecond)) ?? 0,
            TrainedSeconds = summary.TrainedSeconds,
        };
    }
}
