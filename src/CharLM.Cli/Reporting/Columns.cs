using CharLM.Cli.Streams;
using CharLM.Workbench.Reports;

namespace CharLM.Cli.Reporting;

/// <summary>Tables as lines of text: words to the left, numbers to the right.</summary>
internal static class Columns
{
    /// <summary>The headings and rows of a table.</summary>
    public static IEnumerable<string> Align(ReportTable table)
    {
        List<string[]> lines = [[.. table.Columns.Select(column => column.Name)], .. table.Rows.Select(row => row.Select(cell => cell.Length == 0 ? "-" : Printable.Text(cell)).ToArray())];
        int[] widths = [.. table.Columns.Select((_, column) => lines.Max(line => line[column].Length))];
        foreach (string[] line in lines)
            yield return string.Join("  ", line.Select((cell, column) => table.Columns[column].IsNumber ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))).TrimEnd();
    }
}
