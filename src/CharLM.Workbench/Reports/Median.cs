namespace CharLM.Workbench.Reports;

/// <summary>The middle of some values: of times, which other processes disturb upwards only.</summary>
internal static class Median
{
    /// <summary>The middle one, or the mean of the middle two; null when there are none.</summary>
    public static double? Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
