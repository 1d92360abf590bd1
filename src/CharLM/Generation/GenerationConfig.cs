namespace CharLM.Generation;

/// <summary>How a text is continued: its length, how tokens are chosen, and what ends it.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record GenerationConfig
{
    private const int MostSamples = 10_000, MostStops = 100, LongestStop = 1_000;
    private const long MostTokens = 100_000_000;

    /// <summary>Maximum tokens to add to each text, 1 or more; over all texts at most 100,000,000. Default 200.</summary>
    public int Length { get; init; } = 200;

    /// <summary>How each token is chosen; default the most probable one.</summary>
    public Sampling Sampling { get; init; } = Sampling.Greedy;

    /// <summary>Seed of the draws; a sample depends only on it and on the sample's number. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>Texts to write side by side, 1 to 10,000; default 1. With beam search, the number of best texts to return.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>
    /// Stop strings, up to 100 of 1 to 1,000 characters: a text ends before the first one that it would contain. Default none.
    /// </summary>
    public IReadOnlyList<string> Stops { get; init; } = [];

    /// <summary>
    /// A regular expression, up to 10,000 characters, that the whole added text must match; not together with stop strings. Default null:
    /// any text.
    /// </summary>
    public string? Constraint { get; init; }

    /// <summary>Beam search for the most probable text instead of drawing one; default null: no search.</summary>
    public BeamConfig? Beam { get; init; }

    /// <summary>Every error of the configuration; empty when there is none.</summary>
    public IEnumerable<string> Errors()
    {
        if (Length is < 1 or > (int)MostTokens)
            yield return $"length must be 1 to {MostTokens}, not {Length}";
        if (Samples is < 1 or > MostSamples)
            yield return $"samples must be 1 to {MostSamples}, not {Samples}";
        long texts = Math.Max(Samples, Beam?.Width ?? 1);
        if (texts > 1 && texts <= MostSamples && Length <= MostTokens && texts * Length > MostTokens)
            yield return $"length must be at most {MostTokens / texts} for {texts} texts at once, not {Length}";
        if (Stops.Count > MostStops || Stops.Any(stop => stop.Length is 0 or > LongestStop))
            yield return $"stop takes up to {MostStops} texts of 1 to {LongestStop} characters";
        if (Constraint is not null && Stops.Count > 0)
            yield return "stop would end a text before it matches constrain: let the expression say how the text ends";
        foreach (string error in Beam is null ? SampleErrors() : BeamErrors(Beam))
            yield return error;
    }

    /// <summary>Throws when the configuration has an error.</summary>
    /// <exception cref="InvalidConfigException">Lists every error.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Errors());

    private IEnumerable<string> SampleErrors()
    {
        if (Samples > 1 && Sampling.IsGreedy)
            yield return $"without a temperature all {Samples} samples are the same: take one above 0, such as 1";
    }

    private IEnumerable<string> BeamErrors(BeamConfig beam)
    {
        foreach (string error in beam.Errors())
            yield return error;
        if (Sampling.Steps.Count > 0)
            yield return "beam searches for the most probable text and draws nothing: leave "
                + $"{string.Join(", ", Sampling.Steps.Select(step => step.Name))} out";
        if (Samples > beam.Width)
            yield return $"samples must be at most the width of the beam, {beam.Width}, not {Samples}";
    }
}
