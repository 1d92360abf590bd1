using CharLM.Randomness;

namespace CharLM.Evaluation;

/// <summary>
/// Estimates how much a mean over a text would vary on other text of the same kind. The surprisals of neighbouring tokens are
/// correlated, so whole blocks are resampled with replacement from the text as a ring (the circular block bootstrap: Politis and
/// Romano 1992, after Künsch 1989).
/// </summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal static class BlockBootstrap
{
    private const int LongestBlock = 1000;
    private const double Tail = 0.025;

    /// <summary>The default block length: the square root of the number of tokens, at most 1,000.</summary>
    public static int BlockLength(int tokens) => Math.Clamp((int)Math.Sqrt(tokens), 1, LongestBlock);

    /// <summary>The 95 % interval of the mean: between the 2.5th and the 97.5th percentile of the resampled means.</summary>
    /// <param name="values">One per token, in the order of the text; 1 or more.</param>
    /// <param name="samples">Number of resampled texts, 1 or more.</param>
    /// <param name="seed">Fixes the draws.</param>
    /// <param name="blockLength">Tokens per block; default 0: <see cref="BlockLength"/>.</param>
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static Interval OfMean(ReadOnlySpan<float> values, int samples = 1000, long seed = 0, int blockLength = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(samples);
        ArgumentOutOfRangeException.ThrowIfNegative(blockLength);
        if (values.IsEmpty)
            throw new ArgumentException("there is nothing to draw from", nameof(values));
        int length = Math.Min(blockLength == 0 ? BlockLength(values.Length) : blockLength, values.Length);
        double[] sums = RingSums(values, length);
        var random = new RandomStream(seed, "bootstrap");
        var means = new double[samples];
        for (int sample = 0; sample < samples; sample++)
        {
            double total = 0;
            int left = values.Length;
            // The last block is cut, so that every resampled text has the original length.
            for (; left >= length; left -= length)
            {
                int start = random.Next(values.Length);
                total += sums[start + length] - sums[start];
            }
            int last = random.Next(values.Length);
            means[sample] = (total + sums[last + left] - sums[last]) / values.Length;
        }
        Array.Sort(means);
        return new Interval(Percentile(means, Tail), Percentile(means, 1 - Tail));
    }

    // Prefix sums; they run past the end, into the beginning of the text, by one block.
    private static double[] RingSums(ReadOnlySpan<float> values, int length)
    {
        var sums = new double[values.Length + length + 1];
        for (int i = 1; i < sums.Length; i++)
            sums[i] = sums[i - 1] + values[(i - 1) % values.Length];
        return sums;
    }

    private static double Percentile(double[] sorted, double fraction)
    {
        double place = fraction * (sorted.Length - 1);
        int below = (int)place, above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((place - below) * (sorted[above] - sorted[below]));
    }
}

/// <summary>The 95 % confidence interval of a figure.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Low">The lower end.</param>
/// <param name="High">The upper end.</param>
public readonly record struct Interval(double Low, double High)
{
    /// <summary>The interval of an increasing function of the figure.</summary>
    public Interval Map(Func<double, double> rising)
    {
        ArgumentNullException.ThrowIfNull(rising);
        return new Interval(rising(Low), rising(High));
    }
}
