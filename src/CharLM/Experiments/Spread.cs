namespace CharLM.Experiments;

/// <summary>What the trials of a variant reached together.</summary>
/// <param name="Mean">Their mean.</param>
/// <param name="Deviation">Their standard deviation, that of a sample: the squares are divided by n - 1; null for a single one.</param>
/// <param name="Best">The smallest.</param>
public sealed record Spread(double Mean, double? Deviation, double Best)
{
    /// <summary>The spread of values; null when there are none.</summary>
    public static Spread? Of(IEnumerable<double> values)
    {
        double[] all = [.. values];
        if (all.Length == 0)
            return null;
        // Values that overflow, as a perplexity can, have no deviation.
        double mean = all.Average();
        double? deviation = all.Length == 1 || !double.IsFinite(mean) ? null : Math.Sqrt(all.Sum(value => (value - mean) * (value - mean)) / (all.Length - 1));
        return new Spread(mean, deviation, all.Min());
    }
}
