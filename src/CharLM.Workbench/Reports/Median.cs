namespace CharLM.Workbench.Reports;

/// <summary>The median of values; for times the right average, since other processes only lengthen them.</summary>
internal static class Median
{
    /// <summary>The middle value, or the mean of the middle two; null if there are none.</summary>
    public static double? Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
