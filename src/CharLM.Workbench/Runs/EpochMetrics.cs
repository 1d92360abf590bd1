using System.Text.Json;
using System.Text.Json.Serialization;
using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>
/// The figures of one epoch of a run of any kind, as logs, events and pages show them; one line of its metrics. Everything but times
/// repeats bit for bit. Losses are stored in nats; a perplexity is exp of its loss, and setting one sets the other.
/// </summary>
/// <remarks>
/// Older lines have only perplexities (text) or only losses (pairs); if a line has both, the loss comes later and counts.
/// </remarks>
public sealed record EpochMetrics : IJsonOnDeserialized
{
    private readonly double? _trainLoss, _speed;
    private readonly bool _isOfPairs;

    /// <summary>The epoch, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Minibatches trained since the run began.</summary>
    public required long Step { get; init; }

    /// <summary>Exp of <see cref="TrainLoss"/>.</summary>
    public double TrainPerplexity { get => Math.Exp(TrainLoss); init => TrainLoss = Math.Log(value); }

    /// <summary>Nats per prediction over the epoch's minibatches, each measured before its step.</summary>
    public double TrainLoss { get => _trainLoss ?? double.NaN; init => _trainLoss = value; }

    /// <summary>Exp of <see cref="HeldOutLoss"/>; null if nothing is held out.</summary>
    public double? HeldOutPerplexity { get => Perplexity.Of(HeldOutLoss); init => HeldOutLoss = Perplexity.Loss(value); }

    /// <summary>Held-out nats per prediction after the epoch; null if nothing is held out.</summary>
    public double? HeldOutLoss { get; init; }

    /// <summary>
    /// The figures of the held-out pairs by name: accuracy and macro_f1, or exact_match and character_error_rate; null if none are held
    /// out, for steering labels, and for text.
    /// </summary>
    public IReadOnlyDictionary<string, double>? HeldOut { get; init; }

    /// <summary>Mean over the epoch's steps of the gradients' global norm before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>The learning rate of the epoch's last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Tokens trained per second; for pairs, predictions.</summary>
    public double TokensPerSecond { get => _speed ?? double.NaN; init => _speed = value; }

    /// <summary>Seconds of training in this epoch.</summary>
    public required double Seconds { get; init; }

    /// <summary>Seconds since the run began, excluding interruptions.</summary>
    public required double ElapsedSeconds { get; init; }

    /// <summary>Whether the run trains on pairs, not on text.</summary>
    internal bool IsOfPairs => _isOfPairs;

    // The same value under the name that lines of pairs have always had, for their readers; older lines have only this.
    [JsonInclude]
    private double? PredictionsPerSecond
    {
        get => _isOfPairs ? _speed : null;
        init => (_speed, _isOfPairs) = (value ?? _speed, value is not null);
    }

    /// <summary>Reads the metrics of a run, one per finished epoch; an incomplete last line is ignored.</summary>
    /// <param name="path">A metrics.jsonl.</param>
    /// <exception cref="CheckpointException">The file is missing, or a line is invalid.</exception>
    public static IReadOnlyList<EpochMetrics> Read(string path) => RecordFile.ReadLines<EpochMetrics>(path);

    /// <summary>Creates the figures of an epoch.</summary>
    /// <param name="epoch">The training report.</param>
    /// <param name="heldOut">The held-out loss; null if nothing is held out.</param>
    /// <param name="metrics">The figures of the held-out pairs, the decisive one first; empty if there are none.</param>
    /// <param name="step">Minibatches trained since the run began.</param>
    /// <param name="elapsedSeconds">Seconds since the run began.</param>
    /// <param name="ofPairs">Whether the run trains on pairs, not on text.</param>
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
