namespace CharLM.Checkpoints;

/// <summary>What training had reached when the checkpoint was written.</summary>
public sealed record Figures
{
    /// <summary>Finished epochs.</summary>
    public int Epochs { get; init; }

    /// <summary>Perplexity over the last finished epoch; null before the first.</summary>
    public double? TrainPerplexity { get; init; }

    /// <summary>Perplexity of the held-out text after it; null when none is held out.</summary>
    public double? HeldOutPerplexity { get; init; }

    /// <summary>The best held-out perplexity so far; null when none is held out, and for models that another figure ranks.</summary>
    public double? BestHeldOutPerplexity { get; init; }

    /// <summary>
    /// For models on pairs, the greatest figure of the held-out pairs so far, accuracy or exact match; null when none are held out.
    /// </summary>
    public double? BestHeldOutMeasure { get; init; }

    /// <summary>After how many epochs the best was reached.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>Seconds of training.</summary>
    public double TrainedSeconds { get; init; }
}
