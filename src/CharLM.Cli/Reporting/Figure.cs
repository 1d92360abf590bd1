using CharLM.Cli.Streams;
using CharLM.Workbench.Reports;

namespace CharLM.Cli.Reporting;

/// <summary>Formats numbers for people.</summary>
internal static class Figure
{
    /// <summary>A perplexity: 1.0432, 17.06, 1234.</summary>
    public static string Perplexity(double value) => value switch
    {
        < 10 => value.ToString("0.0000"),
        < 100 => value.ToString("0.000"),
        < 10_000 => value.ToString("0.0"),
        _ => value.ToString("0.000e+0"),
    };

    /// <summary>A whole number with separators: 170,580.</summary>
    public static string Count(double value) => value.ToString("#,0");

    /// <summary>A time: 850 ms, 12.3 s, 2 min 05 s, 1 h 03 min.</summary>
    public static string Duration(double seconds) => seconds switch
    {
        < 1 => $"{seconds * 1000:0} ms",
        < 59.95 => $"{seconds:0.0} s",
        < 3600 => $"{(int)seconds / 60} min {(int)seconds % 60:00} s",
        _ => $"{(long)seconds / 3600:#,0} h {(long)seconds / 60 % 60:00} min",
    };

    /// <summary>A size: 178,979 bytes as 175 KiB.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => $"{bytes / 1024.0:0} KiB",
        < 1 << 30 => $"{bytes / 1048576.0:0.0} MiB",
        _ => $"{bytes / 1073741824.0:0.0} GiB",
    };
}

/// <summary>Formats tables as lines of text: words left-aligned, numbers right-aligned.</summary>
internal static class Columns
{
    /// <summary>The aligned headings and rows of a table.</summary>
    public static IEnumerable<string> Align(ReportTable table)
    {
        List<string[]> lines = [[.. table.Columns.Select(column => column.Name)],
            .. table.Rows.Select(row => row.Select(cell => cell.Length == 0 ? "-" : Printable.Text(cell)).ToArray())];
        int[] widths = [.. table.Columns.Select((_, column) => lines.Max(line => line[column].Length))];
        foreach (string[] line in lines)
            yield return string.Join(
                "  ", line.Select((cell, column) =>
                    table.Columns[column].IsNumber ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))).TrimEnd();
    }
}
