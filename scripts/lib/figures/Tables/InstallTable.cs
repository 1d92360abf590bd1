namespace CharLM.Figures.Tables;

/// <summary>A way to install CharLM, tried with an empty home folder.</summary>
/// <param name="Path">The way.</param>
/// <param name="Commands">What was typed.</param>
/// <param name="Seconds">All of these commands together, downloads and builds included.</param>
/// <param name="Megabytes">What then lies in the home folder: packages. The tool lies elsewhere.</param>
internal sealed record InstallRow(string Path, string Commands, double Seconds, int Megabytes);

/// <summary>The file install.json.</summary>
/// <param name="Origin">Where the figures come from.</param>
/// <param name="Rows">The rows.</param>
internal sealed record InstallFigures(Origin Origin, InstallRow[] Rows);

/// <summary>How long it takes to begin.</summary>
internal static class InstallTable
{
    /// <summary>Every row.</summary>
    /// <param name="figures">The figures.</param>
    public static IEnumerable<string> Lines(InstallFigures figures) => new PlainFigures(
        figures.Origin, ["way", "from nothing to a trained model", "seconds", "MB in the home folder"],
        [.. figures.Rows.Select(Cells)]).Lines();

    private static string[] Cells(InstallRow row) =>
        [row.Path, row.Commands, Numbers.Fixed(row.Seconds, 0), Numbers.Count(row.Megabytes)];
}
