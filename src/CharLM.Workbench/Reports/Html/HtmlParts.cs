using System.Text.Json;
using System.Text.Json.Serialization;

namespace CharLM.Workbench.Reports.Html;

/// <summary>Writes the parts of a report as HTML.</summary>
/// <param name="writer">Receives the HTML.</param>
/// <param name="hasCharts">Whether the page embeds a chart library.</param>
internal sealed class HtmlParts(TextWriter writer, bool hasCharts)
{
    private const int MostTableRows = 40;

    // More points than pixels would only make the page slow.
    private const int MostPoints = 4000;

    // The default encoder escapes <, > and &, so that the data cannot end its element.
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private int _charts;

    public void Write(ReportPart part)
    {
        switch (part)
        {
            case Paragraph paragraph:
                writer.Write($"<p{(paragraph.IsLead ? " class=\"lead\"" : "")}>{HtmlPage.Encode(paragraph.Text)}</p>\n");
                break;
            case Preformatted preformatted:
                Write(preformatted);
                break;
            case ReportTable table:
                Write(table);
                break;
            case LineChart chart:
                WriteChart(chart.Title, "line", Data(chart), ChartFigures.Of(chart, MostTableRows));
                break;
            case HeatMap map:
                WriteChart(map.Title, "heat-map", Data(map), ChartFigures.Of(map));
                break;
            case ShadedText text:
                Write(text);
                break;
            default:
                throw new InvalidOperationException($"a {part.GetType().Name} has no HTML");
        }
    }

    private void Write(Preformatted part)
    {
        string caption = HtmlPage.Encode(part.Caption);
        // The parser drops a line end directly after the tag, so this extra one preserves the text's own.
        string text = $"<pre>\n{HtmlPage.Encode(part.Text)}</pre>";
        writer.Write(part.Folded
            ? $"<details><summary>{caption}</summary>{text}</details>\n"
            : $"<figure><figcaption>{caption}</figcaption>{text}</figure>\n");
    }

    private void Write(ReportTable table)
    {
        writer.Write("<div class=\"wide\"><table>\n");
        if (table.Caption.Length > 0)
            writer.Write($"<caption>{HtmlPage.Encode(table.Caption)}</caption>\n");
        writer.Write("<thead><tr>");
        foreach (ReportColumn column in table.Columns)
            writer.Write($"<th scope=\"col\"{NumberClass(column)}>{HtmlPage.Encode(column.Name)}</th>");
        writer.Write("</tr></thead>\n<tbody>\n");
        foreach (IReadOnlyList<string> row in table.Rows)
        {
            writer.Write("<tr>");
            for (int i = 0; i < row.Count; i++)
                writer.Write($"<td{NumberClass(table.Columns[i])}>{HtmlPage.Encode(row[i])}</td>");
            writer.Write("</tr>\n");
        }
        writer.Write("</tbody>\n</table></div>\n");
    }

    private void WriteChart(string title, string kind, object data, ReportTable figures)
    {
        if (!hasCharts)
        {
            Write(figures);
            return;
        }
        string id = $"chart-{++_charts}";
        writer.Write($"<figure><figcaption>{HtmlPage.Encode(title)}</figcaption>");
        writer.Write($"<div class=\"chart\"><canvas id=\"{id}\" data-kind=\"{kind}\" role=\"img\" "
            + $"aria-label=\"{HtmlPage.Encode(title)}\"></canvas></div>\n");
        writer.Write($"<script type=\"application/json\" id=\"{id}-data\">{JsonSerializer.Serialize(data, Json)}</script>\n");
        writer.Write("<details><summary>as a table</summary>");
        Write(figures);
        writer.Write("</details></figure>\n");
    }

    private void Write(ShadedText text)
    {
        var shading = Shading.Of(text);
        writer.Write($"<figure><figcaption>{HtmlPage.Encode(text.Caption)}{Key(text, shading)}</figcaption><pre class=\"shaded\">\n");
        for (int i = 0; i < text.Tokens.Count; i++)
        {
            (string token, double value) = text.Tokens[i];
            string encoded = HtmlPage.Encode(token);
            // Show line ends, so that they have a colour.
            if (token is "\n")
                encoded = "\u21b5\n";
            string note = i < text.Notes.Count && text.Notes[i].Length > 0 ? $"; {HtmlPage.Encode(text.Notes[i])}" : "";
            writer.Write(shading.LevelOf(value) is { } level
                ? $"<span class=\"{ClassOf(level)}\" title=\"{ReportFigure.Of(value)}{note}\">{encoded}</span>"
                : encoded);
        }
        writer.Write("</pre></figure>\n");
    }

    // The colours from end to end, with the values there.
    private static string Key(ShadedText text, Shading shading)
    {
        int first = text.Scale == ShadeScale.Diverging ? -Shading.Levels : 0;
        IEnumerable<string> colours = Enumerable.Range(first, Shading.Levels - first + 1)
            .Select(level => $"<i class=\"{ClassOf(level)}\"></i>");
        return $"<br><b class=\"key\">{ReportFigure.Of(shading.ValueOf(first))} {string.Concat(colours)} "
            + $"{ReportFigure.Of(shading.ValueOf(Shading.Levels))}</b>";
    }

    private static string ClassOf(int level) => $"{(level < 0 ? 'n' : 's')}{Math.Abs(level)}";

    private static string NumberClass(ReportColumn column) => column.IsNumber ? " class=\"number\"" : "";

    private static object Data(LineChart chart) => new
    {
        chart.XLabel,
        chart.YLabel,
        chart.LogarithmicX,
        chart.LogarithmicY,
        chart.OtherX,
        Series = chart.Series.Where(series => series.Points.Count > 0).Select(series => new
        {
            series.Name,
            series.Group,
            series.Marker,
            series.Dashed,
            // JSON has no non-finite numbers; null is a gap. A point is x, y, then x on the other axes.
            Points = ChartFigures.Thinned([.. Enumerable.Range(0, series.Points.Count)], MostPoints)
                .Where(i => double.IsFinite(series.Points[i].X) && (!chart.LogarithmicX || series.Points[i].X > 0))
                .Select(i => (double?[])[series.Points[i].X,
                    !chart.LogarithmicY || series.Points[i].Y > 0 ? Finite(series.Points[i].Y) : null,
                    .. series.OtherX.Select(axis => Finite(axis[i]))]),
        }),
    };

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private static object Data(HeatMap map)
    {
        var shading = Shading.Of(map);
        return new
        {
            map.XLabel,
            map.YLabel,
            map.Columns,
            map.Rows,
            Shading.Levels,
            Cells = map.Values.SelectMany((row, y) => row.Select((value, x) => (x, y, value)))
                .Where(cell => double.IsFinite(cell.value))
                .Select(cell => (double[])[cell.x, cell.y, cell.value, shading.LevelOf(cell.value) ?? 0]),
        };
    }
}
