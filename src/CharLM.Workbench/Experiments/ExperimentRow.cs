namespace CharLM.Workbench.Experiments;

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
    public Spread? Of(Measure measure) => measure switch
    {
        Measure.TrainPerplexity => TrainPerplexity,
        Measure.HeldOutPerplexity => HeldOutPerplexity,
        Measure.HeldOutBits => HeldOutBits,
        _ => throw new ArgumentOutOfRangeException(nameof(measure), measure, "not a measure"),
    };
}
