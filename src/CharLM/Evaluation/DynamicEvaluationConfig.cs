namespace CharLM.Evaluation;

/// <summary>How a model goes on learning from the text that it is measured on (Krause et al. 2018).</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record DynamicEvaluationConfig
{
    /// <summary>Tokens that are measured before the model learns from them, 1 to 10,000; default 20, as in the paper for characters.</summary>
    public int SegmentLength { get; init; } = 20;

    /// <summary>Step size of stochastic gradient descent on the mean loss of a segment, above 0 and finite; default 0.05.</summary>
    public double LearningRate { get; init; } = 0.05;

    /// <summary>What each step takes weights back of their way from the trained ones, in [0, 1); default 0.001.</summary>
    public double Decay { get; init; } = 0.001;

    /// <summary>In words, for a report.</summary>
    public string Describe() => $"dynamic evaluation: a step after every {SegmentLength} tokens, learning rate {LearningRate}, decay {Decay}";

    /// <summary>Every fault of the configuration, empty when there is none.</summary>
    public IEnumerable<string> Faults()
    {
        if (SegmentLength is < 1 or > 10_000)
            yield return $"dynamic-steps must be 1 to 10000, not {SegmentLength}";
        if (!(LearningRate > 0 && double.IsFinite(LearningRate)))
            yield return $"dynamic-lr must be above 0 and finite, not {LearningRate}";
        if (!(Decay is >= 0 and < 1))
            yield return $"dynamic-decay must be 0 to below 1, not {Decay}";
    }

    /// <summary>Throws when the configuration has a fault.</summary>
    /// <exception cref="InvalidConfigException">Lists every fault.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Faults());
}
