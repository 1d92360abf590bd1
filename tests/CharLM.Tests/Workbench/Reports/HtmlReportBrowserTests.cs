using CharLM.Workbench.Reports;
using CharLM.Workbench.Reports.Html;

namespace CharLM.Tests.Workbench.Reports;

/// <summary>Pages in a real browser: the scripts it runs, what it loads and shows.</summary>
public sealed class HtmlReportBrowserTests(ITestOutputHelper output) : IDisposable
{
    private const string Hostile = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>\"'&";

    private readonly TemporaryFolder _folder = new();

    private static readonly Report Everything = new("A report of " + Hostile,
    [
        new("Curves", new LineChart("Perplexity", "epoch", "perplexity",
        [
            new("train " + Hostile, [.. Enumerable.Range(1, 100).Select(i => ((double)i, 1 + (20.0 / i)))]) { Group = 0 },
            new("held out", [(1, 20), (50, double.NaN), (100, 7)]) { Group = 0, Dashed = true },
        ])
        { LogarithmicY = true }),
        new("Matrix", new HeatMap("Attention", "source", "target", ["a", Hostile, "a"], ["x", "y"], [[0, 0.5, 1], [1, double.NaN, 0]])),
        new("Text", new ShadedText("surprisal", [("T", 0.1), ("h", 3), ("<b>", 9), ("\n", 1), (Hostile, double.NaN)]),
            new Preformatted(Hostile, Hostile, Folded: true), new Preformatted("sample", "\n  two\nlines")),
        new("Table", new ReportTable("Runs", [new("run", IsNumber: false), new("nats")], [[Hostile, "1.5"], ["b", ""]])),
    ]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Write_WithCharts_BrowserDrawsThemWithoutErrorsOrRequests()
    {
        Assert.SkipWhen(ChartLibrary.Embedded is null, "this build carries no chart library: npm was missing");
        await using HeadlessChromium browser = await OpenAsync(Everything, ChartLibrary.Embedded);

        Assert.Empty(browser.Page.Errors);
        Assert.Single(browser.Page.Requests, request => !request.StartsWith("data:", StringComparison.Ordinal));
        Assert.Equal("line,matrix",
            (string?)await browser.Page.EvaluateAsync(
                "[...document.querySelectorAll('canvas')].map(c => Chart.getChart(c).config.type).join()"));
        Assert.Equal("true,true", (string?)await browser.Page.EvaluateAsync(
            "[...document.querySelectorAll('canvas')].map(c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, "
                + "c.height).data.buffer)).size > 5).join()"));
        await AssertHarmlessAsync(browser);
        string picture = await browser.SaveScreenshotAsync("parts.png");
        output.WriteLine($"screenshot: {picture}");
        Assert.True(new FileInfo(picture).Length > 10_000);
    }

    [Fact]
    public async Task Write_WithoutCharts_BrowserShowsTables()
    {
        await using HeadlessChromium browser = await OpenAsync(Everything, charts: null);

        Assert.Empty(browser.Page.Errors);
        Assert.Equal(0, (int)(await browser.Page.EvaluateAsync("document.querySelectorAll('canvas, script').length"))!);
        Assert.Equal(3, (int)(await browser.Page.EvaluateAsync("document.querySelectorAll('table').length"))!);
        await AssertHarmlessAsync(browser);
    }

    [Fact]
    public async Task Write_ScriptThatIsNotThePages_BrowserRefuses()
    {
        Assert.SkipWhen(HeadlessChromium.Program is null, "there is no chromium on this machine");
        string path = _folder.File("page.html");
        await using (var file = new StreamWriter(path))
            new HtmlPage("page", "window.own = 1;")
                .Write(file, body => body.Write("<script>window.hacked = 1;</script><img src=\"https://example.org/x.png\">"));
        await using HeadlessChromium browser = await HeadlessChromium.StartAsync();
        await browser.Page.OpenAsync(path);

        Assert.Equal("number,undefined", (string?)await browser.Page.EvaluateAsync("typeof window.own + ',' + typeof window.hacked"));
        Assert.Equal(2, browser.Page.Errors.Count(error => error.Contains("Content Security Policy", StringComparison.Ordinal)));
    }

    private static async Task AssertHarmlessAsync(HeadlessChromium browser)
    {
        Assert.Equal("undefined", (string?)await browser.Page.EvaluateAsync("typeof window.hacked"));
        Assert.Equal(Hostile,
            (string?)await browser.Page.EvaluateAsync(
                "document.querySelector('tbody tr td:not(.number)') && [...document.querySelectorAll('td')].find(cell => "
                    + "cell.textContent.includes('hacked')).textContent"));
        Assert.Equal(0, (int)(await browser.Page.EvaluateAsync("document.querySelectorAll('img').length"))!);
        Assert.Equal("\n  two\nlines",
            (string?)await browser.Page.EvaluateAsync("[...document.querySelectorAll('pre')].pop().textContent"));
    }

    private async Task<HeadlessChromium> OpenAsync(Report report, ChartLibrary? charts)
    {
        Assert.SkipWhen(HeadlessChromium.Program is null, "there is no chromium on this machine");
        string path = _folder.File("report.html");
        await using (var file = new StreamWriter(path))
            HtmlReport.Write(report, file, charts);
        HeadlessChromium browser = await HeadlessChromium.StartAsync();
        await browser.Page.OpenAsync(path);
        return browser;
    }
}
