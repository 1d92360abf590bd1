using System.Text.Json;
using CharLM.Tests.Corpora;
using CharLM.Tests.Workbench.Reports;
using CharLM.Tokenization;
using CharLM.Workbench.Reports.Html;
using CharLM.Workbench.Statistics;

namespace CharLM.Tests.Workbench.Statistics;

/// <summary>The page of a text in a real browser, which also knows Unicode's scripts.</summary>
public sealed class StatisticsPageBrowserTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Page_OfTheTimeMachine_ShowsZipfVocabLinesAndScripts()
    {
        Assert.SkipWhen(HeadlessChromium.Program is null, "there is no chromium on this machine");
        Assert.SkipWhen(ChartLibrary.Embedded is null, "this build carries no chart library: npm was missing");
        string text = File.ReadAllText(Path.Combine(Repository.SharedFolderOrSkip("corpora"), "timemachine.txt"));
        var config = new TextConfig();
        await using HeadlessChromium browser = await OpenAsync(TextStatistics.Of(TestCorpus.Of(text), config, order: 3), config);
        await browser.SaveScreenshotAsync("corpus-light-1200.png");
        await browser.Page.EmulateAsync(dark: true, width: 360);
        output.WriteLine(await browser.SaveScreenshotAsync("corpus-dark-360.png"));

        Assert.InRange((int)(await browser.Page.EvaluateAsync("document.documentElement.scrollWidth"))!, 1, 360);
        Assert.Equal("Overview,Frequencies of characters,Frequencies of words,Vocab by minimum frequency,Lengths of lines,Scripts",
            (string?)await browser.Page.EvaluateAsync("[...document.querySelectorAll('h2')].map(h => h.textContent).join()"));
        // A line and its fit for words, bigrams and trigrams, on two logarithmic axes; no label reads 0.
        Assert.Equal("6 logarithmic logarithmic", (string?)await browser.Page.EvaluateAsync(
            "(c => c.data.datasets.length + ' ' + c.scales.x.type + ' ' + c.scales.y.type)(Chart.getChart(document.querySelectorAll("
                + "'canvas')[1]))"));
        string[] labels = ((string)(await browser.Page.EvaluateAsync(
            "Object.values(Chart.getChart(document.querySelectorAll('canvas')[1]).scales).flatMap(s => s.ticks.map(t => t.label))"
                + ".join(' ')"))!)
            .Split(' ');
        Assert.Contains("1,000", labels);
        Assert.DoesNotContain("0", labels);
        Assert.Contains("the time traveller", (string?)await browser.Page.EvaluateAsync("document.body.textContent"));
        Assert.Empty(browser.Page.Errors);
        Assert.Single(browser.Page.Requests);
    }

    /// <summary>Every character that Unicode 14 gave a script has it in the browser's newer Unicode, too.</summary>
    [Fact]
    public async Task Scripts_OfAllCharacters_AreThoseOfTheBrowser()
    {
        Assert.SkipWhen(HeadlessChromium.Program is null, "there is no chromium on this machine");
        var runs = new List<(int First, int Last, string Script)>();
        for (int c = 0; c < 0x110000; c++)
        {
            string script = ScriptShares.Of(c);
            if (runs is [.., var last] && last.Script == script)
                runs[^1] = last with { Last = c };
            else
                runs.Add((c, c, script));
        }
        runs.RemoveAll(run => run.Script == "Unknown");
        // Unicode 14 assigns 144,697 characters; 65 control characters are Common, too.
        Assert.Equal(144_697 + 65, runs.Sum(run => run.Last - run.First + 1));
        string data = JsonSerializer.Serialize(runs.Select(run => new object[] { run.First, run.Last, run.Script.Replace(' ', '_') }));
        await using HeadlessChromium browser = await HeadlessChromium.StartAsync();

        Assert.Equal("", (string?)await browser.Page.EvaluateAsync($$$"""
            {{{data}}}.flatMap(([first, last, name]) => {
              const script = new RegExp(`^\\p{Script=${name}}$`, "u"), bad = [];
              for (let c = first; c <= last; c++) if (!script.test(String.fromCodePoint(c))) bad.push(`${name} ${c.toString(16)}`);
              return bad;
            }).join()
            """));
    }

    private async Task<HeadlessChromium> OpenAsync(TextStatistics statistics, TextConfig config)
    {
        string path = _folder.File("corpus.html");
        await using (var file = new StreamWriter(path))
            HtmlReport.Write(new StatisticsPage(statistics, "timemachine.txt", config.Cleaning).Page(), file, ChartLibrary.Embedded);
        HeadlessChromium browser = await HeadlessChromium.StartAsync();
        await browser.Page.OpenAsync(path);
        return browser;
    }
}
