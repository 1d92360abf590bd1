using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CharLM.Workbench.Inspection;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Reports.Html;

namespace CharLM.Tests.Workbench.Reports;

/// <summary>
/// Pages without a browser: whatever a title, name or text contains, a page has the same elements as one with harmless content, and
/// shows the given content.
/// </summary>
public sealed partial class HtmlEscapingTests
{
    private const string Harmless = "x";

    public static TheoryData<string> Hostile =>
    [
        "<b>", "</title><script>hacked()</script>", "</pre></td></table>", "<!--", "]]>", "&amp;", "&lt;b&gt;", "\" onload=\"hacked()",
            "' onload='hacked()",
        "</script><script>hacked()</script>", "</SCRIPT >", "<img src=x onerror=hacked()>", "{{data}}<i>", "{{title}}<i>",
    ];

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Write_HostileText_AnywhereInAReport_StaysText(string hostile)
    {
        string page = Written(writer => HtmlReport.Write(Everything(hostile), writer, charts: null)),
            plain = Written(writer => HtmlReport.Write(Everything(Harmless), writer, charts: null));
        AssertSameElements(plain, page);
        Assert.Matches("Content-Security-Policy\" content=\"[^\"\n]+; base-uri 'none'; form-action 'none'\">", page);
        Assert.Equal(Count(plain, $">{Harmless}<"), Count(page, $">{HtmlPage.Encode(hostile)}<"));
        Assert.Equal(hostile, WebUtility.HtmlDecode(HtmlPage.Encode(hostile)));
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Write_HostileTextInCharts_StaysDataThatReadsBack(string hostile)
    {
        string page = Charts(hostile), plain = Charts(Harmless);
        AssertSameElements(plain, page);
        JsonElement[] data = [.. DataOfChart().Matches(page).Select(match => JsonDocument.Parse(match.Groups["json"].Value).RootElement)];
        Assert.Equal(2, data.Length);
        Assert.Equal(hostile, data[0].GetProperty("series")[0].GetProperty("name").GetString());
        Assert.Equal(hostile, data[0].GetProperty("xLabel").GetString());
        Assert.Equal([hostile, "b"], data[1].GetProperty("rows").EnumerateArray().Select(row => row.GetString()));
        // In the caption, in the label of the picture, and in the table of figures.
        Assert.Contains($"aria-label=\"{HtmlPage.Encode(hostile)}\"", page, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Render_HostileTitleAndTokens_StayTextAndData(string hostile)
    {
        string Page(string text) => ActivationPage.Render(new ActivationTrace([text, "b"],
            [new ActivationSeries(text, 1, new float[] { 0.5f, -1 })]), text);
        string page = Page(hostile);
        AssertSameElements(Page(Harmless), page);
        Match data = DataOfPage().Match(page);
        Assert.True(data.Success);
        JsonElement trace = JsonDocument.Parse(data.Groups["json"].Value).RootElement;
        Assert.Equal([hostile, "b"], trace.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()));
        Assert.Equal(hostile, trace.GetProperty("series")[0].GetProperty("name").GetString());
        Assert.Contains($"<h1>{HtmlPage.Encode(hostile)}</h1>", page, StringComparison.Ordinal);
    }

    private static Report Everything(string text) => new(text,
    [
        new(text,
            new Paragraph(text),
            new Preformatted(text, text),
            new Preformatted(text, text, Folded: true),
            new ReportTable(text, [new(text, IsNumber: false), new("n")], [[text, text]]),
            new ShadedText(text, [(text, 0.5), (text, double.NaN)]),
            new LineChart(text, text, text, [new(text, [(1, 2)])]),
            new HeatMap(text, text, text, [text], [text], [[1]])),
    ]);

    // As written by a build with the chart library, which this one may lack.
    private static string Charts(string text) => Written(writer =>
    {
        var parts = new HtmlParts(writer, hasCharts: true);
        parts.Write(new LineChart(text, text, text, [new(text, [(1, 2), (2, 3)])]));
        parts.Write(new HeatMap(text, text, text, ["a", "b"], [text, "b"], [[1, 2], [3, 4]]));
    });

    // Attribute values and text may differ; the elements, their order and their attributes may not.
    private static void AssertSameElements(string expected, string actual) => Assert.Equal(Elements(expected), Elements(actual));

    private static string Elements(string page)
    {
        var elements = new StringBuilder();
        foreach (Match element in Element().Matches(Style().Replace(page, "")))
            elements.Append(Value().Replace(element.Value, "=\"\"")).Append('\n');
        return elements.ToString();
    }

    private static int Count(string text, string part) => (text.Length - text.Replace(part, "",
        StringComparison.Ordinal).Length) / part.Length;

    private static string Written(Action<TextWriter> write)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        write(writer);
        return writer.ToString();
    }

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Element();

    [GeneratedRegex("=\"[^\"]*\"")]
    private static partial Regex Value();

    [GeneratedRegex("<style>.*?</style>", RegexOptions.Singleline)]
    private static partial Regex Style();

    [GeneratedRegex("<script type=\"application/json\" id=\"[^\"]*\">(?<json>.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex DataOfChart();

    [GeneratedRegex("<script[^>]*application/json[^>]*>(?<json>.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex DataOfPage();
}
