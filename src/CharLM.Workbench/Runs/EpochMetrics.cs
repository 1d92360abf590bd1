using System.Text.Json;
using System.Text.Json.Serialization;
using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>
/// The figures of one epoch of a run, whatever it trains: what logs, events and pages tell, and a line of its metrics. All but the times
/// repeat bit by bit. Losses are kept, in nats; a perplexity is exp of its loss, and setting one sets the other.
/// </summary>
/// <remarks>
/// Lines of before have the perplexities alone (text), or the losses alone (pairs); where there are both, the loss stands behind and is
/// what counts.
/// </remarks>
public sealed record EpochMetrics : IJsonOnDeserialized
{
    private readonly double? _trainLoss, _speed;
    private readonly bool _isOfPairs;

    /// <summary>Which epoch, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Minibatches that were learned since the run began.</summary>
    public required long Step { get; init; }

    /// <summary>Exp of <see cref="TrainLoss"/>.</summary>
    public double TrainPerplexity { get => Math.Exp(TrainLoss); init => TrainLoss = Math.Log(value); }

    /// <summary>Nats per prediction over the epoch's minibatches, each measured before it was learned.</summary>
    public double TrainLoss { get => _trainLoss ?? double.NaN; init => _trainLoss = value; }

    /// <summary>Exp of <see cref="HeldOutLoss"/>; null when nothing is held out.</summary>
    public double? HeldOutPerplexity { get => Perplexity.Of(HeldOutLoss); init => HeldOutLoss = Perplexity.Loss(value); }

    /// <summary>Nats per prediction of what is held out, after the epoch; null when nothing is.</summary>
    public double? HeldOutLoss { get; init; }

    /// <summary>
    /// The figures of the held-out pairs by name: accuracy and macro_f1, or exact_match and character_error_rate; null when none
    /// are held out, for what a label steers, and for text.
    /// </summary>
    public IReadOnlyDictionary<string, double>? HeldOut { get; init; }

    /// <summary>Mean over the epoch's steps of the gradients' global norm before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Step size of the epoch's last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Tokens learned from in a second of training; on pairs, predictions.</summary>
    public double TokensPerSecond { get => _speed ?? double.NaN; init => _speed = value; }

    /// <summary>Seconds of training in this epoch.</summary>
    public required double Seconds { get; init; }

    /// <summary>Seconds since the run began, without the times in which it did not run.</summary>
    public required double ElapsedSeconds { get; init; }

    /// <summary>Whether pairs are learned, not a text.</summary>
    internal bool IsOfPairs => _isOfPairs;

    // The same under the name that lines of pairs have always had, for their readers; lines of before have it alone.
    [JsonInclude]
    private double? PredictionsPerSecond
    {
        get => _isOfPairs ? _speed : null;
        init => (_speed, _isOfPairs) = (value ?? _speed, value is not null);
    }

    /// <summary>The metrics of a run, one for each finished epoch; a line that is not whole ends them.</summary>
    /// <param name="path">A metrics.jsonl.</param>
    /// <exception cref="CheckpointException">The file is missing, or a line is not what it should be.</exception>
    public static IReadOnlyList<EpochMetrics> Read(string path) => RecordFile.ReadLines<EpochMetrics>(path);

    /// <summary>The figures of an epoch.</summary>
    /// <param name="epoch">What training told.</param>
    /// <param name="heldOut">The loss of what is held out; null when nothing is.</param>
    /// <param name="metrics">The figures of the held-out pairs, the one that counts first; empty when there are none.</param>
    /// <param name="step">Minibatches that were learned since the run began.</param>
    /// <param name="elapsedSeconds">Seconds since the run began.</param>
    /// <param name="ofPairs">Whether pairs are learned, not a text.</param>
    internal static EpochMetrics Of(
        EpochReport epoch, LossSum? heldOut, IReadOnlyList<Metric> metrics, long step, double elapsedSeconds, bool ofPairs) => new()
        {
            Epoch = epoch.Epoch,
            Step = step,
            TrainLoss = epoch.Train.Mean,
            HeldOutLoss = heldOut?.Mean,
            HeldOut = metrics.Count == 0 ? null : Metric.ByKey(metrics),
            GradientNorm = epoch.GradientNorm,
            LearningRate = epoch.LearningRate,
            TokensPerSecond = epoch.TokensPerSecond,
            PredictionsPerSecond = ofPairs ? epoch.TokensPerSecond : null,
            Seconds = epoch.Seconds,
            ElapsedSeconds = elapsedSeconds,
        };

    void IJsonOnDeserialized.OnDeserialized()
    {
        if (_trainLoss is null)
            throw new JsonException("train_loss is missing");
        if (_speed is null)
            throw new JsonException("tokens_per_second is missing");
    }
}
