using CharLM.Randomness;

namespace CharLM.Evaluation;

/// <summary>
/// How far a mean over a text would move on other text of the same kind. Neighbouring tokens surprise alike, so whole
/// blocks are drawn again with replacement, the text taken as a ring (the circular block bootstrap: Politis and Romano
/// 1992, after Künsch 1989).
/// </summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal static class BlockBootstrap
{
    private const int LongestBlock = 1000;
    private const double Tail = 0.025;

    /// <summary>The length of a block for so many tokens: their square root, at most 1,000.</summary>
    public static int BlockLength(int tokens) => Math.Clamp((int)Math.Sqrt(tokens), 1, LongestBlock);

    /// <summary>The 95 % interval of the mean: between the 2.5th and the 97.5th percentile of the resampled means.</summary>
    /// <param name="values">One a token, in the order of the text; 1 or more.</param>
    /// <param name="samples">Texts that are drawn, 1 or more.</param>
    /// <param name="seed">Fixes the draws.</param>
    /// <param name="blockLength">Tokens of a block; default 0: <see cref="BlockLength"/>.</param>
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
            // The last block is cut, so that every drawn text is as long as the text.
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

    // Sums from the beginning up to each place, and on into the text's beginning for the length of a block.
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

/// <summary>Where a figure lies with a probability of 95 %.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Low">Its lower end.</param>
/// <param name="High">Its upper end.</param>
public readonly record struct Interval(double Low, double High)
{
    /// <summary>The interval of a figure that rises with this one.</summary>
    public Interval Map(Func<double, double> rising)
    {
        ArgumentNullException.ThrowIfNull(rising);
        return new Interval(rising(Low), rising(High));
    }
}
