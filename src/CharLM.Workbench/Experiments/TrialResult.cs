using CharLM.Checkpoints;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Experiments;

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
    public double? Of(Measure measure) => measure switch
    {
        Measure.TrainPerplexity => TrainPerplexity,
        Measure.HeldOutPerplexity => HeldOutPerplexity,
        Measure.HeldOutBits => HeldOutBits,
        _ => throw new ArgumentOutOfRangeException(nameof(measure), measure, "not a measure"),
    };

    /// <summary>The result of a complete run.</summary>
    /// <exception cref="CheckpointException">A file of its directory is missing or damaged.</exception>
    internal static TrialResult Read(RunDirectory directory)
    {
        RunSummary summary = RunSummary.Read(directory.ResultPath);
        IReadOnlyList<RunMetrics> metrics = RunMetrics.Read(directory.MetricsPath);
        return new TrialResult
        {
            Epochs = summary.Epochs,
            Parameters = summary.Parameters,
            TrainPerplexity = summary.TrainPerplexity ?? double.NaN,
            HeldOutPerplexity = summary.HeldOutPerplexity,
            HeldOutBits = summary is { HeldOutPerplexity: { } perplexity, CharactersPerToken: { } characters } ? Math.Log2(perplexity) / characters : null,
            TokensPerSecond = Median.Of(metrics.Select(epoch => epoch.TokensPerSecond)) ?? 0,
            TrainedSeconds = summary.TrainedSeconds,
        };
    }
}
