namespace CharLM.Workbench.Reports;

/// <summary>A table of texts and figures.</summary>
/// <param name="Caption">What it shows; empty: the section's heading says it.</param>
/// <param name="Columns">Its columns.</param>
/// <param name="Rows">Its cells [rows, columns], as they are read; an empty cell has no value.</param>
public sealed record ReportTable(string Caption, IReadOnlyList<ReportColumn> Columns, IReadOnlyList<IReadOnlyList<string>> Rows) : ReportPart;
