using System.Globalization;

namespace CharLM.Figures.Tables;

/// <summary>How tables write numbers.</summary>
internal static class Numbers
{
    /// <summary>The median.</summary>
    /// <param name="values">At least one.</param>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The mean.</summary>
    /// <param name="values">At least one.</param>
    public static double Mean(IReadOnlyCollection<double> values) => values.Sum() / values.Count;

    /// <summary>The sample's standard deviation, or null of a single value.</summary>
    /// <param name="values">At least one.</param>
    public static double? Deviation(IReadOnlyCollection<double> values) => values.Count < 2
        ? null
        : Math.Sqrt(values.Sum(value => (value - Mean(values)) * (value - Mean(values))) / (values.Count - 1));

    /// <summary>What figures with deviations are, as a note below a table.</summary>
    /// <param name="seeds">How many runs each is of.</param>
    public static string OverSeeds(int seeds) => seeds == 1 ? "One seed." : $"Mean ± standard deviation over {seeds} seeds.";

    /// <summary>A perplexity.</summary>
    /// <param name="value">The perplexity.</param>
    public static string Show(double value) => Fixed(value, value < 10 ? 2 : 1);

    /// <summary>A number with so many decimals.</summary>
    /// <param name="value">The number.</param>
    /// <param name="decimals">How many.</param>
    public static string Fixed(double value, int decimals) => value.ToString("F" + decimals, CultureInfo.InvariantCulture);

    /// <summary>A whole number with commas.</summary>
    /// <param name="value">The number.</param>
    public static string Count(double value) => value.ToString("#,0", CultureInfo.InvariantCulture);
}
