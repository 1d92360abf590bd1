namespace CharLM.Figures.Tables;

/// <summary>A table as it stands on the page; also the file of a script that has measured nothing else.</summary>
/// <param name="Origin">Where they come from.</param>
/// <param name="Columns">The headings.</param>
/// <param name="Rows">A cell for each heading.</param>
internal sealed record PlainFigures(Origin Origin, string[] Columns, string[][] Rows)
{
    /// <summary>The table.</summary>
    public IEnumerable<string> Lines()
    {
        yield return LineOf(Columns);
        yield return $"|{string.Concat(Enumerable.Repeat("---|", Columns.Length))}";
        foreach (string[] row in Rows)
            yield return LineOf(row);
        yield return "";
        yield return Origin.Line;
    }

    private static string LineOf(string[] cells) => $"| {string.Join(" | ", cells)} |";
}
