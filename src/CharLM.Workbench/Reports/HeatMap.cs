namespace CharLM.Workbench.Reports;

/// <summary>A matrix as colours, such as attention weights.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="XLabel">What the columns are.</param>
/// <param name="YLabel">What the rows are.</param>
/// <param name="Columns">The columns' names, from left to right; several may be alike.</param>
/// <param name="Rows">The rows' names, from top to bottom; several may be alike.</param>
/// <param name="Values">The matrix [rows, columns]; what is not finite stays empty.</param>
public sealed record HeatMap(string Title, string XLabel, string YLabel, IReadOnlyList<string> Columns, IReadOnlyList<string> Rows, IReadOnlyList<IReadOnlyList<double>> Values) : ReportPart
{
    /// <summary>How values become colours. Default: from the smallest to the largest.</summary>
    public ShadeScale Scale { get; init; } = ShadeScale.Sequential;
}
