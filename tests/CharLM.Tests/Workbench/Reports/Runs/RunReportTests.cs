using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Reports.Html;
using CharLM.Workbench.Reports.Runs;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Reports.Runs;

/// <summary>Reports of real runs.</summary>
public sealed class RunReportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_RunDirectory_HasAllThatTheRunWrote()
    {
        RunRecord run = Trained("one");

        Assert.Equal("one", run.Name);
        Assert.Equal([1, 2, 3], run.Epochs.Select(epoch => epoch.Epoch));
        Assert.Equal([1, 2, 3], run.Samples.Select(sample => sample.Epoch));
        Assert.All(run.Samples, sample => Assert.StartsWith("time traveller", sample.Text, StringComparison.Ordinal));
        Assert.Equal(run.Result!.HeldOutPerplexity, run.Last!.HeldOutPerplexity);
        Assert.Equal(run.Epochs.Min(epoch => epoch.HeldOutPerplexity), run.Best!.HeldOutPerplexity);
        Assert.Equal(run.Directory!.BestCheckpointPath, run.CheckpointPath);
        Assert.Equal("made", run.Environment!.Corpus);
    }

    [Fact]
    public void Read_NoRun_SaysSo()
    {
        Directory.CreateDirectory(_folder.File("empty"));

        Assert.Contains("is not a run", Assert.Throws<CheckpointException>(() => RunRecord.Read(_folder.File("empty"))).Message,
            StringComparison.Ordinal);
        Assert.Contains("is not a run", Assert.Throws<CheckpointException>(() => RunRecord.Read(_folder.File("missing"))).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "it has no epoch")]
    [InlineData("{\"a\":1}\n", "it has no epoch")]
    [InlineData("plain text\nmore\n", "line 1 is not a JSON object")]
    [InlineData("{\"epoch\":1,\"train_perplexity\":2}\n[1]\n{}\n", "line 2 is not a JSON object")]
    [InlineData("{\"epoch\":1e300,\"train_perplexity\":2}\n", "it has no epoch")]
    public void Read_FileThatIsNoLog_SaysWhy(string content, string reason)
    {
        File.WriteAllText(_folder.File("log.jsonl"), content);

        Assert.Contains(reason, Assert.Throws<CheckpointException>(() => RunRecord.Read(_folder.File("log.jsonl"))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Read_LogOfAKilledRun_HasItsWholeLines()
    {
        File.WriteAllText(_folder.File("killed.jsonl"),
            "{\"epoch\":1,\"train_perplexity\":9.5,\"held_out_perplexity\":null,\"gradient_norm\":\"NaN\"}\n{\"epoch\":1,\"sample\":\"a\\nb\"}\n{\"epoch\":2,\"train_per");
        RunRecord run = RunRecord.Read(_folder.File("killed.jsonl"));

        EpochMetrics epoch = Assert.Single(run.Epochs);
        Assert.Equal((1, Math.Log(9.5), null), (epoch.Epoch, epoch.TrainLoss, epoch.HeldOutLoss));
        Assert.True(double.IsNaN(epoch.GradientNorm));
        Assert.Equal("a\nb", Assert.Single(run.Samples).Text);
    }

    /// <summary>The surprisals of the passage equal those of the model reading it token by token.</summary>
    [Fact]
    public void Measure_Run_AgreesWithItsModelReadingTheTextAtOnce()
    {
        RunRecord run = Trained("one");
        ISavedModel saved = ModelFile.Read(run.CheckpointPath!);
        TextMeasurement measured = new RunEvaluator(threads: 1).Measure("one", saved, TrainedRun.Corpus);

        using (ILanguageModel model = saved.Open(threads: 1))
        {
            TokenizedText text = TokenizedText.From(TrainedRun.Corpus.Text, saved.Text, saved.Vocab);
            Assert.Equal(1, measured.Evaluation.Perplexity / Evaluator.Measure(model, text.HeldOut, rows: 1).Perplexity, 0.01);
        }
        Assert.Equal(run.Best!.HeldOutPerplexity!.Value, measured.Evaluation.Perplexity, 1e-6);
        Assert.Equal(measured.Evaluation.All.Tokens, measured.Passage.Count);
        Assert.Equal(measured.Evaluation.All.Total, measured.Passage.Sum(token => token.Nats), 1e-2);
        int heldOut = (int)(TrainedRun.Corpus.Text.Trim().Length * 0.2);
        Assert.Equal(TrainedRun.Corpus.Text.Trim()[^(heldOut - 1)..], string.Concat(measured.Passage.Select(token => token.Token)));
        // The text repeats itself, so n-grams know what follows.
        Assert.InRange(measured.NGram!.Perplexity, 1, 1.5);
        Assert.Equal(2, measured.Compressors.Count);
    }

    [Fact]
    public void Of_ModelsOfDifferentTexts_MakesNoRankingOfThem()
    {
        RunRecord run = Trained("one");
        TextMeasurement one = new RunEvaluator(threads: 1).Measure("one", ModelFile.Read(run.CheckpointPath!), TrainedRun.Corpus);
        TextMeasurement two = one with { Run = "two", Evaluation = one.Evaluation with { Model = "two" } };
        TextMeasurement raw = one with
        {
            Run = "raw",
            Evaluation = one.Evaluation with
            {
                Model = "raw",
                Measured = one.Evaluation.Measured with { Cleaning = CharLM.Corpora.Cleaning.None }
            }
        };
        Assert.Equal(["one;two;n-gram;uniform;unigram", "raw;n-gram;uniform;unigram"], Tables(one, raw, two));
        Assert.Equal(["one;two;n-gram;uniform;unigram"], Tables(one, two));
        Assert.Contains("bits per byte of the raw text", Markdown(one, raw), StringComparison.Ordinal);
        Assert.Contains("Each table ranks models on one text only", Markdown(one, raw), StringComparison.Ordinal);
        Assert.DoesNotContain("Each table ranks models on one text only", Markdown(one, two), StringComparison.Ordinal);

        string[] Tables(params TextMeasurement[] measured) =>
        [
            .. RunReport.Of([run], measured, []).Sections.Single(section =>
                section.Title == "Text that training did not see").Parts.OfType<ReportTable>()
                .Select(table =>
                    string.Join(';', table.Rows.Select(row => row[0].Split(' ')[0]).Where(name => name is not ("gzip" or "brotli")))),
        ];

        string Markdown(params TextMeasurement[] measured)
        {
            using var writer = new StringWriter();
            MarkdownReport.Write(RunReport.Of([run], measured, []), writer);
            return writer.ToString();
        }
    }

    [Fact]
    public void Measure_AnotherText_IsRefused()
    {
        RunRecord run = Trained("one");
        var other = new CorpusText(TrainedRun.Corpus.Text, TrainedRun.Corpus.Origin with { Sha256 = new string('0', 64) });

        Assert.Contains("is not the text",
            Assert.Throws<InvalidConfigException>(
                () => new RunEvaluator(threads: 1).Measure("one", ModelFile.Read(run.CheckpointPath!), other)).Message,
                    StringComparison.Ordinal);
    }

    [Fact]
    public void Csv_Epochs_HoldTheFiguresInFull()
    {
        RunRecord run = Trained("one");
        using var writer = new StringWriter();
        CsvTable.Write(RunTables.Epochs([run]), writer);
        string[][] rows = [.. writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(','))];

        int column = Array.IndexOf(rows[0], "train_perplexity");
        Assert.Equal(run.Epochs.Select(epoch => epoch.TrainPerplexity), rows[1..].Select(row => double.Parse(row[column])));
    }

    [Fact]
    public async Task Html_OfTwoRuns_ShowsFourChartsInTheBrowser()
    {
        Assert.SkipWhen(HeadlessChromium.Program is null, "there is no chromium on this machine");
        Assert.SkipWhen(ChartLibrary.Embedded is null, "this build carries no chart library: npm was missing");
        RunRecord[] runs = [Trained("one"), Trained("two", hiddens: 12)];
        var evaluator = new RunEvaluator(threads: 1);
        TextMeasurement[] measured = [.. runs.Select(
            run => evaluator.Measure(run.Name, ModelFile.Read(run.CheckpointPath!), TrainedRun.Corpus))];
        await using (var file = new StreamWriter(_folder.File("report.html")))
            HtmlReport.Write(RunReport.Of(runs, measured, ["A note."]), file, ChartLibrary.Embedded);
        await using HeadlessChromium browser = await HeadlessChromium.StartAsync();
        await browser.Page.OpenAsync(_folder.File("report.html"));
        await browser.SaveScreenshotAsync("runs.png");

        Assert.Empty(browser.Page.Errors);
        Assert.Single(browser.Page.Requests);
        Assert.Equal("4,2,2,2",
            (string?)await browser.Page.EvaluateAsync(
                "[...document.querySelectorAll('canvas')].map(c => Chart.getChart(c).data.datasets.length).join()"));
        Assert.Equal(
            "Runs,Text that training did not see,Learning curves,Samples,Surprisal of a held-out passage,Configurations,Environment",
            (string?)await browser.Page.EvaluateAsync("[...document.querySelectorAll('h2')].map(h => h.textContent).join()"));
        Assert.Equal(2, (int)(await browser.Page.EvaluateAsync("document.querySelectorAll('pre.shaded').length"))!);
        Assert.Equal("model.num_hiddens,8,12",
            (string?)await browser.Page.EvaluateAsync(
                "[...[...document.querySelectorAll('tr')].find(row => row.cells[0].textContent.includes('hiddens')).cells].map(cell => "
                    + "cell.textContent).join()"));
    }

    private RunRecord Trained(string name, int hiddens = 8)
    {
        TrainedRun.In(_folder.File(name), hiddens);
        return RunRecord.Read(_folder.File(name));
    }
}
