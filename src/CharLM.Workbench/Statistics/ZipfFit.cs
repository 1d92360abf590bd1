namespace CharLM.Workbench.Statistics;

/// <summary>
/// Zipf's law fitted to frequencies: the token of rank r occurs C / r^a times. A least-squares line through the logarithms, at ranks that
/// are evenly spaced in their logarithm, so that the many rare tokens do not decide alone; ranks that occur fewer than 5 times are left
/// out, since whole numbers say little there.
/// </summary>
/// <param name="Exponent">The exponent a.</param>
/// <param name="Constant">The frequency C of rank 1 on the line.</param>
/// <param name="Determination">R squared of the line, at most 1.</param>
/// <param name="LastRank">The last rank that was used.</param>
internal sealed record ZipfFit(double Exponent, double Constant, double Determination, int LastRank)
{
    private const int LeastFrequency = 5, LeastRanks = 10, MostPoints = 100;

    /// <summary>Fits the law.</summary>
    /// <param name="frequencies">The frequencies in descending order.</param>
    /// <returns>Null if fewer than 10 tokens occur 5 times.</returns>
    public static ZipfFit? Of(ReadOnlySpan<long> frequencies)
    {
        int last = frequencies.Length;
        while (last > 0 && frequencies[last - 1] < LeastFrequency)
            last--;
        if (last < LeastRanks)
            return null;
        int[] ranks = Ranks(last, MostPoints);
        double[] x = [.. ranks.Select(rank => Math.Log(rank))], y = new double[ranks.Length];
        for (int i = 0; i < ranks.Length; i++)
            y[i] = Math.Log(frequencies[ranks[i] - 1]);
        double meanX = x.Average(), meanY = y.Average();
        double covariance = x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum(), variance = x.Sum(a => (a - meanX) * (a - meanX));
        double slope = covariance / variance, spread = y.Sum(b => (b - meanY) * (b - meanY));
        return new ZipfFit(
            -slope, Math.Exp(meanY - (slope * meanX)), spread == 0 ? 1 : covariance * covariance / (variance * spread), last);
    }

    /// <summary>Ranks from 1 to the last, evenly spaced in their logarithm.</summary>
    public static int[] Ranks(int last, int most) => last <= 1 ? [.. Enumerable.Range(1, last)]
        : [.. Enumerable.Range(0, most).Select(i => (int)Math.Round(Math.Exp(Math.Log(last) * i / (most - 1)))).Distinct()];
}
