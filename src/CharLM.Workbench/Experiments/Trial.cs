using CharLM.Checkpoints;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Experiments;

/// <summary>One run of an experiment.</summary>
public sealed record Trial
{
    /// <summary>Its place in the experiment, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>Its name, which is that of its run directory: the same whatever other trials there are.</summary>
    public required string Id { get; init; }

    /// <summary>What it changes of the base, in words; trials that differ in the seed only have the same.</summary>
    public required string Variant { get; init; }

    /// <summary>The seed.</summary>
    public long Seed => Config.Training.Seed;

    /// <summary>Which repetition with this seed, from 1.</summary>
    public required int Repeat { get; init; }

    /// <summary>All that the run is told.</summary>
    public required RunConfig Config { get; init; }
}

/// <summary>How a trial stands.</summary>
public enum TrialState
{
    /// <summary>It has not begun.</summary>
    Waiting,

    /// <summary>It runs, here or in another process.</summary>
    Running,

    /// <summary>It was ended before its last epoch, and goes on when it is run again.</summary>
    Resumable,

    /// <summary>It reached its end.</summary>
    Finished,

    /// <summary>It could not be done; it is tried again when it is run again.</summary>
    Failed,

    /// <summary>It was to be run, but another process works on it.</summary>
    Busy,
}

/// <summary>How a trial stands, and what is known of it.</summary>
/// <param name="Trial">The trial.</param>
/// <param name="State">How it stands.</param>
public sealed record TrialStatus(Trial Trial, TrialState State)
{
    /// <summary>What it has reached so far; null before its first epoch.</summary>
    public EpochMetrics? Progress { get; init; }

    /// <summary>What it reached; null unless it is finished.</summary>
    public TrialResult? Result { get; init; }

    /// <summary>Why it failed; null unless it did.</summary>
    public string? Problem { get; init; }

    /// <summary>
    /// What a person should know of the run that ended just now: a checkpoint that is damaged, another machine than before.
    /// </summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>Why a trial failed when it was last run: its <c>failure.json</c>.</summary>
internal sealed record TrialFailure
{
    /// <summary>The reason, in a sentence.</summary>
    public required string Problem { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset Time { get; init; }
}

/// <summary>What a finished trial reached.</summary>
public sealed record TrialResult
{
    /// <summary>Finished epochs.</summary>
    public required int Epochs { get; init; }

    /// <summary>The number of trainable values.</summary>
    public required long Parameters { get; init; }

    /// <summary>Perplexity over the last epoch.</summary>
    public required double TrainPerplexity { get; init; }

    /// <summary>Perplexity of the held-out text after it; null when none is held out.</summary>
    public double? HeldOutPerplexity { get; init; }

    /// <summary>Bits per character of the held-out text after it; null when none is held out, or it has unknown tokens.</summary>
    public double? HeldOutBits { get; init; }

    /// <summary>Tokens learned in a second of training: the median of the epochs.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>Seconds of training.</summary>
    public required double TrainedSeconds { get; init; }

    /// <summary>What variants are compared by; null when the trial has it not.</summary>
    public double? Of(TrialMetric measure) => measure switch
    {
        TrialMetric.TrainPerplexity => TrainPerplexity,
        TrialMetric.HeldOutPerplexity => HeldOutPerplexity,
        TrialMetric.HeldOutBits => HeldOutBits,
        _ => throw new ArgumentOutOfRangeException(nameof(measure), measure, "not a measure"),
    };

    /// <summary>The result of a complete run.</summary>
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
            TokensPerSecond = Median.Of(metrics.Select(epoch => epoch.TokensPerSecond)) ?? 0,
            TrainedSeconds = summary.TrainedSeconds,
        };
    }
}
