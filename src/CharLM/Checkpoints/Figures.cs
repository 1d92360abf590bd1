namespace CharLM.Checkpoints;

/// <summary>
/// What training had reached when the checkpoint was written. Losses are kept, in nats; a perplexity is exp of its loss, and setting
/// one sets the other.
/// </summary>
/// <remarks>
/// Files have both. Those of before have perplexities alone; where there are both, the loss stands behind and is what counts.
/// </remarks>
public sealed record Figures
{
    private readonly LossFigure _train, _heldOut, _bestHeldOut;

    /// <summary>Finished epochs.</summary>
    public int Epochs { get; init; }

    /// <summary>Perplexity over the last finished epoch; null before the first.</summary>
    public double? TrainPerplexity { get => _train.Perplexity; init => _train = LossFigure.OfPerplexity(value); }

    /// <summary>Nats a token over the last finished epoch; null before the first.</summary>
    public double? TrainLoss { get => _train.Loss; init => _train = LossFigure.OfLoss(value); }

    /// <summary>Perplexity of the held-out text after it; null when none is held out.</summary>
    public double? HeldOutPerplexity { get => _heldOut.Perplexity; init => _heldOut = LossFigure.OfPerplexity(value); }

    /// <summary>Nats a token of the held-out text after it; null when none is held out.</summary>
    public double? HeldOutLoss { get => _heldOut.Loss; init => _heldOut = LossFigure.OfLoss(value); }

    /// <summary>The best held-out perplexity so far; null when none is held out, and for models that another figure ranks.</summary>
    public double? BestHeldOutPerplexity { get => _bestHeldOut.Perplexity; init => _bestHeldOut = LossFigure.OfPerplexity(value); }

    /// <summary>The least held-out nats a token so far; null when none is held out, and for models that another figure ranks.</summary>
    public double? BestHeldOutLoss { get => _bestHeldOut.Loss; init => _bestHeldOut = LossFigure.OfLoss(value); }

    /// <summary>
    /// For models on pairs, the greatest figure of the held-out pairs so far, accuracy or exact match; null when none are held out.
    /// </summary>
    public double? BestHeldOutMeasure { get; init; }

    /// <summary>After how many epochs the best was reached.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>
    /// The most epochs between one best and the next; null in files of before, and when nothing is held out.
    /// </summary>
    public int? LongestWait { get; init; }

    /// <summary>Seconds of training.</summary>
    public double TrainedSeconds { get; init; }
}

/// <summary>A loss and its perplexity: the one that was given is exact, and the other follows from it.</summary>
/// <param name="Loss">Nats a token; null for none.</param>
/// <param name="Perplexity">Its exponential.</param>
internal readonly record struct LossFigure(double? Loss, double? Perplexity)
{
    /// <summary>Of a loss.</summary>
    public static LossFigure OfLoss(double? loss) => new(loss, loss is { } nats ? Math.Exp(nats) : null);

    /// <summary>Of a perplexity, as files had it before they had losses.</summary>
    public static LossFigure OfPerplexity(double? perplexity) => new(perplexity is { } value ? Math.Log(value) : null, perplexity);
}
