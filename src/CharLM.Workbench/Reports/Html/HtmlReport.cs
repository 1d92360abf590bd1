using System.Reflection;

namespace CharLM.Workbench.Reports.Html;

/// <summary>Writes a report as one self-contained HTML page that loads nothing.</summary>
public static class HtmlReport
{
    private static readonly string PageScript = HtmlPage.Resource("CharLM.Workbench.Reports.Html.page.js");

    /// <summary>Writes the page.</summary>
    /// <param name="report">The report.</param>
    /// <param name="writer">Receives the page; its encoding must be UTF-8.</param>
    /// <param name="charts">Draws the charts, usually <see cref="ChartLibrary.Embedded"/>; null for tables instead.</param>
    public static void Write(Report report, TextWriter writer, ChartLibrary? charts)
    {
        ArgumentNullException.ThrowIfNull(report);
        bool hasCharts = report.Sections.SelectMany(section => section.Parts).Any(part => part is LineChart or HeatMap);
        IReadOnlyList<string> scripts = charts is not null && hasCharts ? [.. charts.Scripts, PageScript] : [];
        new HtmlPage(report.Title, scripts).Write(writer, body =>
        {
            var parts = new HtmlParts(body, charts is not null);
            foreach (ReportSection section in report.Sections)
            {
                body.Write($"<section>\n<h2>{HtmlPage.Encode(section.Title)}</h2>\n");
                foreach (ReportPart part in section.Parts)
                    parts.Write(part);
                body.Write("</section>\n");
            }
        });
    }
}

/// <summary>The JavaScript chart library (Chart.js and its matrix chart) that pages embed.</summary>
public sealed class ChartLibrary
{
    private static readonly string[] Files = ["chart.js", "chart-matrix.js"];

    private ChartLibrary(IReadOnlyList<string> scripts) => Scripts = scripts;

    /// <summary>The library in this build; null if npm was missing during the build.</summary>
    public static ChartLibrary? Embedded { get; } = Load();

    /// <summary>Its scripts, in loading order.</summary>
    internal IReadOnlyList<string> Scripts { get; }

    private static ChartLibrary? Load()
    {
        Assembly assembly = typeof(ChartLibrary).Assembly;
        string[] names = [.. Files.Select(file => $"CharLM.Workbench.Reports.Html.Charts.{file}")];
        return names.All(name => assembly.GetManifestResourceInfo(name) is not null)
            ? new ChartLibrary([.. names.Select(HtmlPage.Resource)])
            : null;
    }
}
