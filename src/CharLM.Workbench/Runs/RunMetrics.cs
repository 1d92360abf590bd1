using CharLM.Checkpoints;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>
/// One line of a run's metrics: what one epoch told. All but the times repeat bit by bit. Losses are kept, in nats; a perplexity is exp
/// of its loss, and setting one sets the other.
/// </summary>
/// <remarks>
/// A line has both. Lines of before have perplexities alone; where there are both, the loss stands behind and is what counts.
/// </remarks>
public sealed record RunMetrics
{
    private readonly LossFigure _train, _heldOut;

    /// <summary>Which epoch, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Minibatches that were learned since the run began.</summary>
    public required long Step { get; init; }

    /// <summary>Perplexity over the epoch's minibatches, each measured before it was learned.</summary>
    public required double TrainPerplexity { get => _train.Perplexity ?? double.NaN; init => _train = LossFigure.OfPerplexity(value); }

    /// <summary>Nats a token over the epoch's minibatches.</summary>
    public double TrainLoss { get => _train.Loss ?? double.NaN; init => _train = LossFigure.OfLoss(value); }

    /// <summary>Perplexity of the held-out text after the epoch; null when none is held out.</summary>
    public double? HeldOutPerplexity { get => _heldOut.Perplexity; init => _heldOut = LossFigure.OfPerplexity(value); }

    /// <summary>Nats a token of the held-out text; null when none is held out.</summary>
    public double? HeldOutLoss { get => _heldOut.Loss; init => _heldOut = LossFigure.OfLoss(value); }

    /// <summary>Mean over the epoch's steps of the gradients' global norm before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Step size of the epoch's last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Tokens predicted and learned from in a second of training.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>Seconds of training in this epoch.</summary>
    public required double Seconds { get; init; }

    /// <summary>Seconds since the run began, without the times in which it did not run.</summary>
    public required double ElapsedSeconds { get; init; }

    /// <summary>The metrics of a run, one for each finished epoch; a line that is not whole ends them.</summary>
    /// <param name="path">A metrics.jsonl.</param>
    /// <exception cref="CheckpointException">The file is missing, or a line is not what it should be.</exception>
    public static IReadOnlyList<RunMetrics> Read(string path) => RecordFile.ReadLines<RunMetrics>(path);

    /// <summary>The line of an epoch.</summary>
    internal static RunMetrics Of(EpochReport epoch, long step) => new()
    {
        Epoch = epoch.Epoch,
        Step = step,
        TrainPerplexity = epoch.Train.Perplexity,
        TrainLoss = epoch.Train.Mean,
        HeldOutLoss = epoch.HeldOut?.Mean,
        GradientNorm = epoch.GradientNorm,
        LearningRate = epoch.LearningRate,
        TokensPerSecond = epoch.TokensPerSecond,
        Seconds = epoch.Seconds,
        ElapsedSeconds = epoch.ElapsedSeconds,
    };
}
