namespace CharLM.Workbench.Reports;

/// <summary>Some sentences.</summary>
/// <param name="Text">Plain text; nothing in it is markup.</param>
public sealed record Paragraph(string Text) : ReportPart;
