using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>One line of the metrics of a run on pairs: what one epoch told. All but the times repeat bit by bit.</summary>
public sealed record SequenceMetrics
{
    /// <summary>Which epoch, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Minibatches that were learned since the run began.</summary>
    public required long Step { get; init; }

    /// <summary>Nats a prediction over the epoch's minibatches, each measured before it was learned.</summary>
    public required double TrainLoss { get; init; }

    /// <summary>Nats a prediction over the held-out pairs after the epoch; null when none are held out.</summary>
    public double? HeldOutLoss { get; init; }

    /// <summary>
    /// The figures of the held-out pairs by name: accuracy and macro_f1, or exact_match and character_error_rate; null when none
    /// are held out, and for what a label steers.
    /// </summary>
    public IReadOnlyDictionary<string, double>? HeldOut { get; init; }

    /// <summary>Mean over the epoch's steps of the gradients' global norm before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Step size of the epoch's last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Predictions learned from in a second of training.</summary>
    public required double PredictionsPerSecond { get; init; }

    /// <summary>Seconds of training in this epoch.</summary>
    public required double Seconds { get; init; }

    /// <summary>Seconds since the run began, without the times in which it did not run.</summary>
    public required double ElapsedSeconds { get; init; }

    /// <summary>The metrics of a run, one for each finished epoch; a line that is not whole ends them.</summary>
    /// <param name="path">A metrics.jsonl.</param>
    /// <exception cref="CheckpointException">The file is missing, or a line is not what it should be.</exception>
    public static IReadOnlyList<SequenceMetrics> Read(string path) => RecordFile.ReadLines<SequenceMetrics>(path);

    /// <summary>The line of an epoch.</summary>
    internal static SequenceMetrics Of(EpochReport epoch, long step) => new()
    {
        Epoch = epoch.Epoch,
        Step = step,
        TrainLoss = epoch.Train.Mean,
        HeldOutLoss = epoch.HeldOut?.Mean,
        HeldOut = epoch.Measures.Count == 0 ? null : Measure.ByKey(epoch.Measures),
        GradientNorm = epoch.GradientNorm,
        LearningRate = epoch.LearningRate,
        PredictionsPerSecond = epoch.TokensPerSecond,
        Seconds = epoch.Seconds,
        ElapsedSeconds = epoch.ElapsedSeconds,
    };
}
