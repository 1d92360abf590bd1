using CharLM.Workbench.Reports;
using CharLM.Workbench.Reports.Html;

namespace CharLM.Tests.Workbench.Reports;

/// <summary>Reports as text: Markdown, CSV, and aspects of HTML that need no browser.</summary>
public sealed class ReportTextTests
{
    [Fact]
    public void Markdown_CellsWithMarkup_AreText()
    {
        var report = new Report("a|b", [new("s", new ReportTable("", [new("run", IsNumber: false), new("nats")], [["x|y\nz <b>", "1"]]))]);

        Assert.Equal("# a\\|b\n\n## s\n\n| run | nats |\n| --- | ---: |\n| x\\|y z \\<b\\> | 1 |\n",
            Written(writer => MarkdownReport.Write(report, writer)));
    }

    [Fact]
    public void Markdown_TextWithFence_GetsALongerFence()
    {
        var report = new Report("r", [new("s", new Preformatted("sample", "a\n````\nb"))]);

        Assert.EndsWith("sample\n\n`````\na\n````\nb\n`````\n", Written(writer => MarkdownReport.Write(report, writer)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Markdown_LongChart_BecomesAFewRowsWithFirstAndLast()
    {
        var report = new Report(
            "r", [new("s", new LineChart("c", "x", "y", [new("one", [.. Enumerable.Range(1, 500).Select(i => ((double)i, 2.0 * i))])]))]);
        string[] rows = [.. Written(writer => MarkdownReport.Write(report, writer)).Split('\n')
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))];

        Assert.Equal(2 + 12, rows.Length);
        Assert.Equal("| 1 | 2 |", rows[2]);
        Assert.Equal("| 500 | 1,000 |", rows[^1]);
    }

    /// <summary>RFC 4180, section 2; and a cell that a spreadsheet would run as a formula becomes text.</summary>
    [Theory]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"hi\"", "\"say \"\"hi\"\"\"")]
    [InlineData("two\nlines", "\"two\nlines\"")]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\t=1", "'\t=1")]
    [InlineData("\r=1", "\"'\r=1\"")]
    [InlineData("\n=1", "\"'\n=1\"")]
    [InlineData("lone\rreturn", "\"lone\rreturn\"")]
    [InlineData("a-b", "a-b")]
    [InlineData("plain", "plain")]
    public void Csv_Cell_IsQuotedWhereNeeded(string cell, string written)
    {
        var table = new ReportTable("", [new("name", IsNumber: false), new("n")], [[cell, "-1.5"]]);

        Assert.Equal($"name,n\n{written},-1.5\n", Written(writer => CsvTable.Write(table, writer)));
    }

    [Theory]
    [InlineData(4.17941, "4.1794")]
    [InlineData(17.06, "17.060")]
    [InlineData(2.445, "2.4450")]
    [InlineData(-0.5, "-0.5000")]
    [InlineData(170580.0, "170,580")]
    [InlineData(12345.67, "12,345.7")]
    [InlineData(1.2e-7, "1.2e-7")]
    [InlineData(0.0, "0")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "infinite")]
    [InlineData(1.5e300, "1.5e+300")]
    [InlineData(null, "")]
    public void Figure_Of_HasAboutFiveDigits(double? value, string text) => Assert.Equal(text, ReportFigure.Of(value));

    [Fact]
    public void Html_SameReport_SameBytes()
    {
        var report = new Report("r", [new("s", new LineChart("c", "x", "y", [new("one", [(1, 2), (2, double.NaN)])]))]);

        Assert.Equal(Written(writer => HtmlReport.Write(report, writer, ChartLibrary.Embedded)),
            Written(writer => HtmlReport.Write(report, writer, ChartLibrary.Embedded)));
    }

    [Theory]
    [InlineData(0.0, 0)]
    [InlineData(1.0, 12)]
    [InlineData(5.0, 12)]
    [InlineData(-1.0, -12)]
    [InlineData(-0.5, -6)]
    public void Html_DivergingText_HasAColourOnEachSideOfZero(double value, int level)
    {
        var report = new Report("r", [new("s", new ShadedText("c", [("t", value)]) { Scale = ShadeScale.Diverging, Largest = 1 })]);

        Assert.Contains($"<span class=\"{(level < 0 ? 'n' : 's')}{Math.Abs(level)}\"",
            Written(writer => HtmlReport.Write(report, writer, null)), StringComparison.Ordinal);
    }

    private static string Written(Action<TextWriter> write)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        write(writer);
        return writer.ToString();
    }
}
