namespace CharLM.Workbench.Experiments;

/// <summary>What the trials of a variant reached together.</summary>
/// <param name="Mean">Their mean.</param>
/// <param name="Deviation">Their standard deviation, that of a sample: the squares are divided by n - 1; null for a single one.</param>
/// <param name="Best">The smallest.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Infinite">How many of them are infinite, as a perplexity can be; the mean then is, too, and has no deviation.</param>
public sealed record Spread(double Mean, double? Deviation, double Best, int Count, int Infinite)
{
    /// <summary>The spread of values; null when there are none.</summary>
    public static Spread? Of(IEnumerable<double> values)
    {
        double[] all = [.. values];
        if (all.Length == 0)
            return null;
        double mean = all.Average();
        double? deviation = all.Length == 1 || !double.IsFinite(mean) ? null : Math.Sqrt(all.Sum(value => (value - mean) * (value - mean)) / (all.Length - 1));
        return new Spread(mean, deviation, all.Min(), all.Length, all.Count(double.IsInfinity));
    }
}
