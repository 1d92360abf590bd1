namespace CharLM.Models.NGram;

/// <summary>
/// What modified Kneser-Ney smoothing takes off the count of an n-gram, to be shared out by the shorter context (Chen and
/// Goodman 1999, equations 24 to 26).
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="One">Taken off a count of 1, in [0, 1].</param>
/// <param name="Two">Taken off a count of 2, in [0, 2].</param>
/// <param name="ThreeOrMore">Taken off greater counts, in [0, 3].</param>
/// <param name="Estimated">Whether they were estimated from the counts; else they are <see cref="Fallback"/>.</param>
public sealed record Discounts(double One, double Two, double ThreeOrMore, bool Estimated)
{
    /// <summary>
    /// What stands in where counts allow no estimate (few kinds of tokens are all frequent, a short text has none twice):
    /// 0.5, 1, 1.5, as in KenLM.
    /// </summary>
    public static Discounts Fallback { get; } = new(0.5, 1, 1.5, Estimated: false);

    /// <summary>The estimate for n-grams with these counts.</summary>
    public static Discounts Of(ReadOnlySpan<int> counts)
    {
        // How many n-grams occur once, twice, three and four times.
        Span<double> n = stackalloc double[5];
        foreach (int count in counts)
        {
            if (count is >= 1 and <= 4)
                n[count]++;
        }
        if (n[1] == 0 || n[2] == 0 || n[3] == 0 || n[4] == 0)
            return Fallback;
        double y = n[1] / (n[1] + (2 * n[2]));
        var estimate = new Discounts(1 - (2 * y * n[2] / n[1]), 2 - (3 * y * n[3] / n[2]), 3 - (4 * y * n[4] / n[3]), Estimated: true);
        // Counts that do not fall as those of texts do would add instead of taking off.
        return estimate is { One: > 0, Two: > 0, ThreeOrMore: > 0 } ? estimate : Fallback;
    }

    /// <summary>What is taken off a count; nothing off 0.</summary>
    public double Off(int count) => count switch { <= 0 => 0, 1 => One, 2 => Two, _ => ThreeOrMore };
}
