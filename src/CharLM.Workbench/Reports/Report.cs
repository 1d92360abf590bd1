namespace CharLM.Workbench.Reports;

/// <summary>
/// A report as records: what it says, not how it looks. <see cref="Html.HtmlReport"/> writes it as one page with charts,
/// <see cref="MarkdownReport"/> as text.
/// </summary>
/// <param name="Title">What it is about.</param>
/// <param name="Sections">Its sections, in order.</param>
public sealed record Report(string Title, IReadOnlyList<ReportSection> Sections);
