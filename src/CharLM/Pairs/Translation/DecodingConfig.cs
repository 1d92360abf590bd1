namespace CharLM.Pairs.Translation;

/// <summary>How a target is searched for.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record DecodingConfig
{
    /// <summary>Beginnings that are followed side by side, 1 to 1,000; default 1: greedy.</summary>
    public int BeamWidth { get; init; } = 1;

    /// <summary>
    /// Favours long targets: log-probabilities are divided by the number of tokens to this power, 0 to 10; default 0: the most
    /// probable target.
    /// </summary>
    public double LengthPenalty { get; init; }

    /// <summary>0 takes the most probable; above 0 tokens are drawn at random, which needs a beam of 1; default 0.</summary>
    public double Temperature { get; init; }

    /// <summary>Fixes the draws, together with the number of the source alone; default 0.</summary>
    public long Seed { get; init; }

    /// <summary>Every fault of the configuration, empty when there is none.</summary>
    public IEnumerable<string> Faults()
    {
        if (BeamWidth is < 1 or > 1000)
            yield return $"beam must be 1 (greedy) to 1000, not {BeamWidth}";
        if (!(LengthPenalty is >= 0 and <= 10))
            yield return $"length-penalty must be 0 to 10, not {LengthPenalty}";
        if (!(Temperature is >= 0 and <= 1000))
            yield return $"temperature must be 0 to 1000, not {Temperature}";
        if (Temperature > 0 && BeamWidth > 1)
            yield return "a beam looks for the most probable target, a temperature draws one: take one of the two";
    }
}
