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

    /// <summary>Regression: the labels of 1e-20 to 1 were 0.00000000000000000000.</summary>
    [Fact]
    public async Task Write_LogarithmicAxes_HaveLabelsThatReadBack()
    {
        Assert.SkipWhen(ChartLibrary.Embedded is null, "this build carries no chart library: npm was missing");
        LineChart Falling(double to, bool x = false) => new("falling", "steps", "norm",
            [new("norm", [.. Enumerable.Range(1, 50).Select(i => (Math.Pow(10, x ? i / 10.0 : i), Math.Pow(to, i / 50.0)))])])
        {
            LogarithmicY = true,
            LogarithmicX = true,
        };
        await using HeadlessChromium browser = await OpenAsync(
            new("logarithms", [new("s", Falling(1e-20), Falling(7, x: true), Falling(1e3))]), ChartLibrary.Embedded);
        string[][] labels = [.. ((string)(await browser.Page.EvaluateAsync(
            "[...document.querySelectorAll('canvas')].map(c => Chart.getChart(c).scales.y.ticks.map(t => t.label).join(' ')).join('|')"))!)
            .Split('|').Select(axis => axis.Split(' '))];

        Assert.Contains("10⁻²⁰", labels[0]);
        Assert.All(labels[0], label => Assert.Matches("^10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+$", label));
        Assert.All(labels[1], label => Assert.InRange(double.Parse(label), 0.9, 10));
        Assert.Equal(["1", "10", "100", "1,000"], labels[2]);
        Assert.All(labels, axis => Assert.InRange(axis.Distinct().Count(), 3, 12));
        Assert.All(labels, axis => Assert.Equal(axis.Length, axis.Distinct().Count()));
        Assert.Equal("10⁵⁰", (string?)await browser.Page.EvaluateAsync(
            "Chart.getChart(document.querySelector('canvas')).scales.x.ticks.at(-1).label"));
        Assert.Empty(browser.Page.Errors);
    }

    [Fact]
    public async Task Choose_AnotherAxis_MovesEveryChartThatHasIt()
    {
        Assert.SkipWhen(ChartLibrary.Embedded is null, "this build carries no chart library: npm was missing");
        LineChart Learning(string title) => new(title, "epoch", "nats",
            [new("a", [(1, 3), (2, 2), (3, 1)]) { OtherX = [[100, 200, 300], [0.5, double.NaN, 1.5]] }])
        { OtherX = ["tokens", "seconds"] };
        await using HeadlessChromium browser = await OpenAsync(new("axes",
            [new("one", Learning("x"), new LineChart("other", "rank", "value", [new("b", [(1, 1), (2, 2)])]), Learning("y"))]),
            ChartLibrary.Embedded);
        async Task<string?> AxesAsync() => (string?)await browser.Page.EvaluateAsync(
            "[...document.querySelectorAll('canvas')].map(c => Chart.getChart(c)).map(c => c.scales.x.options.title.text + ' ' + "
                + "c.data.datasets[0].data.map(p => p.x).join(' ')).join(', ')");

        Assert.Equal("epoch 1 2 3, rank 1 2, epoch 1 2 3", await AxesAsync());
        Assert.Equal("epoch tokens seconds", (string?)await browser.Page.EvaluateAsync(
            "[...document.querySelectorAll('.choice label')].map(l => l.textContent.trim()).join(' ')"));
        await browser.Page.EvaluateAsync("document.querySelectorAll('.choice input')[1].click()");
        Assert.Equal("tokens 100 200 300, rank 1 2, tokens 100 200 300", await AxesAsync());
        // A point without a place on the axis is left out.
        await browser.Page.EvaluateAsync("document.querySelectorAll('.choice input')[2].click()");
        Assert.Equal("seconds 0.5 1.5, rank 1 2, seconds 0.5 1.5", await AxesAsync());
        await browser.Page.EvaluateAsync("document.querySelector('.legend button').click()");
        Assert.Equal("false,false", (string?)await browser.Page.EvaluateAsync(
            "document.querySelector('.legend button').getAttribute('aria-pressed') + ',' + "
                + "Chart.getChart(document.querySelector('canvas')).isDatasetVisible(0)"));
        Assert.Empty(browser.Page.Errors);
    }

    /// <summary>Curves differ in marker or dashes, so that they are told apart without colour.</summary>
    [Fact]
    public async Task Write_ManyCurves_EachHasItsOwnMarkerAndDashes()
    {
        Assert.SkipWhen(ChartLibrary.Embedded is null, "this build carries no chart library: npm was missing");
        LineSeries[] curves = [.. Enumerable.Range(0, 20).SelectMany(run => (LineSeries[])
            [new($"{run}: train", [(1, run + 2), (2, run + 1)]) { Group = run },
                new($"{run}: held out", [(1, run + 3), (2, run + 2)]) { Group = run, Dashed = true }])];
        await using HeadlessChromium browser = await OpenAsync(
            new("curves", [new("s", new LineChart("c", "epoch", "perplexity", curves))]), ChartLibrary.Embedded);

        Assert.Equal(curves.Length, (int)(await browser.Page.EvaluateAsync(
            "new Set(Chart.getChart(document.querySelector('canvas')).data.datasets.map(d => d.pointStyle + d.borderDash)).size"))!);
        Assert.Equal(curves.Length, (int)(await browser.Page.EvaluateAsync(
            "new Set([...document.querySelectorAll('.legend svg')].map(s => [...s.children].map(c => c.getAttribute('d') + "
                + "c.getAttribute('stroke-dasharray')).join())).size"))!);
        Assert.Equal(curves.Select(curve => curve.Name), ((string)(await browser.Page.EvaluateAsync(
            "[...document.querySelectorAll('.legend button')].map(b => b.textContent).join('|')"))!).Split('|'));
    }

    [Theory]
    [InlineData(false, 1200)]
    [InlineData(true, 1200)]
    [InlineData(false, 360)]
    [InlineData(true, 360)]
    public async Task Write_DarkOrNarrow_FitsAndHasContrast(bool dark, int width)
    {
        Assert.SkipWhen(ChartLibrary.Embedded is null, "this build carries no chart library: npm was missing");
        var wide = new ReportTable("", [.. Enumerable.Range(0, 12).Select(i => new ReportColumn($"column {i}"))],
            [[.. Enumerable.Repeat("170,580.123", 12)]]);
        Report report = Everything with
        {
            Sections = [.. Everything.Sections, new("Wide", wide,
            new ShadedText("every level", [.. Enumerable.Range(-12, 25).Select(i => ("token ", (double)i))])
            { Scale = ShadeScale.Diverging, Largest = 12, Notes = ["a note"] },
            new Paragraph(new string('x', 400)))]
        };
        await using HeadlessChromium browser = await OpenAsync(report, ChartLibrary.Embedded);
        await browser.Page.EmulateAsync(dark, width);

        Assert.Equal(width, (int)(await browser.Page.EvaluateAsync("innerWidth"))!);
        Assert.InRange((int)(await browser.Page.EvaluateAsync("document.documentElement.scrollWidth"))!, 1, width);
        Assert.Equal(dark, (bool)(await browser.Page.EvaluateAsync("matchMedia('(prefers-color-scheme: dark)').matches"))!);
        // WCAG 2.2: 4.5 for text, 3 for graphics; the charts are drawn anew in the page's colours.
        Assert.Equal("", (string?)await browser.Page.EvaluateAsync(Contrasts));
        Assert.Empty(browser.Page.Errors);
        output.WriteLine(await browser.SaveScreenshotAsync($"parts-{(dark ? "dark" : "light")}-{width}.png"));
    }

    // What has too little contrast, as text; empty if nothing has.
    private const string Contrasts = """
        (() => {
          const rgb = text => text.startsWith('#')
            ? [1, 3, 5].map(i => parseInt((text.length === 4 ? text.replace(/[^#]/g, '$&$&') : text).slice(i, i + 2), 16))
            : text.match(/[\d.]+/g).slice(0, 3).map(Number);
          const light = text => rgb(text).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
          const style = getComputedStyle(document.documentElement), page = getComputedStyle(document.body).backgroundColor, bad = [];
          const check = (name, fore, back, least) => { if (!(contrast(fore, back) >= least)) bad.push(`${name} ${contrast(fore, back)}`); };
          for (let i = 0; i < 8; i++) check('line' + i, style.getPropertyValue('--line' + i).trim(), page, 3);
          check('text', getComputedStyle(document.body).color, page, 4.5);
          check('caption', getComputedStyle(document.querySelector('figcaption')).color, page, 4.5);
          for (const span of document.querySelectorAll('pre.shaded span')) {
            const own = getComputedStyle(span);
            check(span.className, own.color, own.backgroundColor === 'rgba(0, 0, 0, 0)' ? page : own.backgroundColor, 4.5);
          }
          for (const canvas of document.querySelectorAll('canvas[data-kind="line"]'))
            Chart.getChart(canvas).data.datasets.forEach(set => check(set.label, set.borderColor, page, 3));
          return [...new Set(bad)].join('; ');
        })()
        """;

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
