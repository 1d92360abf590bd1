using System.Text.RegularExpressions;

namespace CharLM.Workbench.Reports;

/// <summary>Writes a report as Markdown; charts become tables of selected points.</summary>
public static partial class MarkdownReport
{
    private const int MostTableRows = 12;

    /// <summary>Writes the report.</summary>
    /// <param name="report">The report.</param>
    /// <param name="writer">Receives the Markdown.</param>
    public static void Write(Report report, TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write($"# {Inline(report.Title)}\n");
        foreach (ReportSection section in report.Sections)
        {
            writer.Write($"\n## {Inline(section.Title)}\n");
            foreach (ReportPart part in section.Parts)
                Write(part, writer);
        }
    }

    private static void Write(ReportPart part, TextWriter writer)
    {
        writer.Write('\n');
        switch (part)
        {
            case Paragraph paragraph:
                writer.Write($"{Inline(paragraph.Text)}\n");
                break;
            case Preformatted preformatted:
                WriteBlock(preformatted.Caption, preformatted.Text, writer);
                break;
            case ReportTable table:
                Write(table, writer);
                break;
            case LineChart chart:
                Write(ChartFigures.Of(chart, MostTableRows), writer);
                break;
            case HeatMap map:
                Write(ChartFigures.Of(map), writer);
                break;
            case ShadedText text:
                WriteBlock($"{text.Caption}: the text", string.Concat(text.Tokens.Select(token => token.Token)), writer);
                break;
            default:
                throw new InvalidOperationException($"a {part.GetType().Name} has no Markdown");
        }
    }

    private static void Write(ReportTable table, TextWriter writer)
    {
        if (table.Caption.Length > 0)
            writer.Write($"{Inline(table.Caption)}\n\n");
        WriteRow(table.Columns.Select(column => Inline(column.Name)), writer);
        WriteRow(table.Columns.Select(column => column.IsNumber ? "---:" : "---"), writer);
        foreach (IReadOnlyList<string> row in table.Rows)
            WriteRow(row.Select(Inline), writer);
    }

    private static void WriteRow(IEnumerable<string> cells, TextWriter writer) => writer.Write($"| {string.Join(" | ", cells)} |\n");

    private static void WriteBlock(string caption, string text, TextWriter writer)
    {
        // The fence must be longer than any run of backticks in the text.
        string fence = new('`', Math.Max(3, 1 + Backticks().Matches(text).Select(match => match.Length).DefaultIfEmpty(0).Max()));
        writer.Write($"{Inline(caption)}\n\n{fence}\n{text}{(text.EndsWith('\n') ? "" : "\n")}{fence}\n");
    }

    // One line, with everything escaped that Markdown or embedded HTML would interpret.
    private static string Inline(string text) => Special().Replace(text.ReplaceLineEndings(" "), match => "\\" + match.Value);

    [GeneratedRegex("`+")]
    private static partial Regex Backticks();

    [GeneratedRegex(@"[\\`*_\[\]<>|#&~]")]
    private static partial Regex Special();
}
