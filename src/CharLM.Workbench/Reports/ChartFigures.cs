namespace CharLM.Workbench.Reports;

/// <summary>Converts a chart to a table, for output without charts.</summary>
internal static class ChartFigures
{
    /// <summary>The curves side by side, one row per point on the common axis.</summary>
    /// <param name="chart">The curves.</param>
    /// <param name="mostRows">The maximum number of rows; the first and last point are always included.</param>
    public static ReportTable Of(LineChart chart, int mostRows)
    {
        Dictionary<double, double>[] curves = [.. chart.Series.Select(Curve)];
        double[] places = [.. curves.SelectMany(curve => curve.Keys).Distinct().Order()];
        return new ReportTable(
            places.Length > mostRows ? $"{chart.Title} ({mostRows} of {places.Length} points)" : chart.Title,
            [new ReportColumn(chart.XLabel), .. chart.Series.Select(series => new ReportColumn(series.Name))],
            [.. Thinned(places, mostRows)
                .Select(x => (string[])[ReportFigure.Of(x),
                    .. curves.Select(curve => curve.TryGetValue(x, out double y) ? ReportFigure.Of(y) : "")])]);
    }

    /// <summary>The matrix, unchanged.</summary>
    public static ReportTable Of(HeatMap map) => new(
        map.Title,
        [new ReportColumn($"{map.YLabel} \\ {map.XLabel}", IsNumber: false), .. map.Columns.Select(name => new ReportColumn(name))],
        [.. map.Rows.Select((name, row) => (string[])[name, .. map.Values[row].Select(value => ReportFigure.Of(value))])]);

    /// <summary>Evenly spaced items, including the first and the last.</summary>
    public static IEnumerable<T> Thinned<T>(IReadOnlyList<T> items, int most) => items.Count <= most
        ? items
        : Enumerable.Range(0, most).Select(i => items[(int)((long)i * (items.Count - 1) / (most - 1))]);

    // If a point occurs twice (a log that was continued), the later value counts.
    private static Dictionary<double, double> Curve(LineSeries series)
    {
        var curve = new Dictionary<double, double>();
        foreach ((double x, double y) in series.Points)
        {
            if (double.IsFinite(x))
                curve[x] = y;
        }
        return curve;
    }
}
