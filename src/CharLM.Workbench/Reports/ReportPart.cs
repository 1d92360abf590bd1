namespace CharLM.Workbench.Reports;

/// <summary>
/// Something that stands in a report: <see cref="Paragraph"/>, <see cref="Preformatted"/>, <see cref="ReportTable"/>,
/// <see cref="LineChart"/>, <see cref="HeatMap"/> or <see cref="ShadedText"/>. The set is closed, so that every renderer knows all.
/// </summary>
public abstract record ReportPart
{
    private protected ReportPart()
    {
    }
}
