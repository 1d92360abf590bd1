namespace CharLM.Workbench.Inspection;

/// <summary>How well a unit follows a feature of the text.</summary>
/// <param name="Series">Which part of which layer, as an index.</param>
/// <param name="Unit">Which unit of it.</param>
/// <param name="Correlation">Pearson's correlation over the tokens, in [-1, 1].</param>
public readonly record struct UnitRank(int Series, int Unit, double Correlation)
{
    /// <summary>The units that follow a feature best, whichever their sign.</summary>
    /// <param name="series">All units.</param>
    /// <param name="feature">The feature.</param>
    /// <param name="most">How many are wanted.</param>
    public static IReadOnlyList<UnitRank> Best(IReadOnlyList<ActivationSeries> series, TextFeature feature, int most)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentNullException.ThrowIfNull(feature);
        var ranks = new List<UnitRank>();
        for (int index = 0; index < series.Count; index++)
        {
            for (int unit = 0; unit < series[index].Units; unit++)
                ranks.Add(new UnitRank(index, unit, Correlate(series[index].Unit(unit), feature.Values)));
        }
        return [.. ranks.OrderByDescending(rank => Math.Abs(rank.Correlation)).Take(most)];
    }

    // 0 where a unit is the same everywhere.
    private static double Correlate(float[] values, IReadOnlyList<double> feature)
    {
        double meanValue = values.Average(value => (double)value), meanFeature = feature.Average();
        double both = 0, ofValue = 0, ofFeature = 0;
        for (int i = 0; i < values.Length; i++)
        {
            (double value, double wanted) = (values[i] - meanValue, feature[i] - meanFeature);
            both += value * wanted;
            ofValue += value * value;
            ofFeature += wanted * wanted;
        }
        double scale = Math.Sqrt(ofValue * ofFeature);
        return scale > 0 ? both / scale : 0;
    }
}
