using System.Reflection;

namespace CharLM.Workbench.Reports.Html;

/// <summary>The JavaScript chart library (Chart.js and its matrix chart) that pages carry in themselves.</summary>
public sealed class ChartLibrary
{
    private static readonly string[] Files = ["chart.js", "chart-matrix.js"];

    private ChartLibrary(IReadOnlyList<string> scripts) => Scripts = scripts;

    /// <summary>The library that this build carries; null when npm was missing when it was built.</summary>
    public static ChartLibrary? Embedded { get; } = Load();

    /// <summary>Its scripts, in the order in which a page needs them.</summary>
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
