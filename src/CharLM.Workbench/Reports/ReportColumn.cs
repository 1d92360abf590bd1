namespace CharLM.Workbench.Reports;

/// <summary>A column of a <see cref="ReportTable"/>.</summary>
/// <param name="Name">Its heading, with the unit.</param>
/// <param name="IsNumber">Whether it holds figures, which are set to the right.</param>
public sealed record ReportColumn(string Name, bool IsNumber = true);
