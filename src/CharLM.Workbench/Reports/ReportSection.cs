namespace CharLM.Workbench.Reports;

/// <summary>A part of a report under a heading of its own.</summary>
/// <param name="Title">The heading.</param>
/// <param name="Parts">What stands under it, in order.</param>
public sealed record ReportSection(string Title, IReadOnlyList<ReportPart> Parts)
{
    /// <summary>A section of the parts that are named one after the other.</summary>
    public ReportSection(string title, params ReportPart[] parts)
        : this(title, (IReadOnlyList<ReportPart>)parts)
    {
    }
}
