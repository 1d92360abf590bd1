namespace CharLM.Workbench.Reports;

/// <summary>Curves over one common axis, such as perplexities over epochs.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="XLabel">What goes to the right, with the unit.</param>
/// <param name="YLabel">What goes up, with the unit.</param>
/// <param name="Series">The curves; one without points is not shown.</param>
public sealed record LineChart(string Title, string XLabel, string YLabel, IReadOnlyList<LineSeries> Series) : ReportPart
{
    /// <summary>Whether what goes up is on a logarithmic scale; values of 0 and below are then left out. Default: not.</summary>
    public bool LogarithmicY { get; init; }
}
