namespace CharLM.Workbench.Reports;

/// <summary>Text whose lines and spaces stay: a sample, a configuration.</summary>
/// <param name="Caption">What it is.</param>
/// <param name="Text">Plain text; nothing in it is markup.</param>
/// <param name="Folded">Whether a page shows the caption only until it is asked for the text.</param>
public sealed record Preformatted(string Caption, string Text, bool Folded = false) : ReportPart;
