using CharLM.Experiments;

namespace CharLM.Cli.Reporting;

/// <summary>Tables as lines of text: words to the left, numbers to the right.</summary>
internal static class Columns
{
    /// <summary>The titles and rows of a table; a star marks the best.</summary>
    public static IEnumerable<string> Align(ExperimentTable table)
    {
        List<string[]> lines = [[.. table.Titles], .. table.Rows.Select(row => row.Select(cell => Printable.Text(cell)).ToArray())];
        int[] widths = [.. table.Titles.Select((_, column) => lines.Max(line => line[column].Length))];
        for (int i = 0; i < lines.Count; i++)
        {
            IEnumerable<string> cells = lines[i].Select((cell, column) => table.IsText(column) ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]));
            yield return (i - 1 == table.BestRow ? "* " : table.BestRow is null ? "" : "  ") + string.Join("  ", cells).TrimEnd();
        }
    }
}
