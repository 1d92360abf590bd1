namespace CharLM.Generation;

/// <summary>
/// Beam search with length normalisation (Graves 2012; Dive into Deep Learning v0.17, 9.8): of all texts that are one token
/// longer the most probable so many are kept, and those that have ended are ranked by ln p / length^penalty.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record BeamConfig
{
    private const int Widest = 1_000;

    /// <summary>Texts that are kept, 1 to 1,000; default 4; 1 is greedy.</summary>
    public int Width { get; init; } = 4;

    /// <summary>
    /// The power of the length, 0 to 10; default 0.75, the book's: 0 ranks by probability, which prefers short texts; 1 by
    /// nats a token.
    /// </summary>
    public double LengthPenalty { get; init; } = 0.75;

    /// <summary>Every fault of the configuration, empty when there is none.</summary>
    public IEnumerable<string> Faults()
    {
        if (Width is < 1 or > Widest)
            yield return $"beam must be 1 to {Widest}, not {Width}";
        if (!(LengthPenalty is >= 0 and <= 10))
            yield return $"length-penalty must be 0 to 10, not {LengthPenalty}";
    }

    /// <summary>What texts are ranked by, the highest first.</summary>
    /// <param name="nats">-ln p of the text.</param>
    /// <param name="tokens">Its tokens, 1 or more.</param>
    internal double Score(double nats, int tokens) => -nats / Math.Pow(tokens, LengthPenalty);
}
