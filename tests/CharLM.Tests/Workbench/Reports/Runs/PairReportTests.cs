using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;
using CharLM.Training;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Reports.Html;
using CharLM.Workbench.Reports.Runs;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Reports.Runs;

/// <summary>Reports of real runs on pairs.</summary>
public sealed class PairReportTests(ITestOutputHelper output) : IDisposable
{
    private static readonly string[] Words = ["ab", "ba", "aab", "bba", "abb", "baa", "cab", "cba", "abab", "baba", "cc", "bcb",
        "acc", "a<b"];

    private static readonly PairFile Labelled = Make("labelled", word => word[..1]),
        Turned = Make("turned", word => string.Concat(word.Reverse()));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Measure_Classifier_CountsWhatItsLabelsSay()
    {
        RunRecord run = Trained("one", Labelled, new ClassifierConfig());
        PairMeasurement measured = new RunEvaluator(threads: 1).Measure(run, Labelled);

        using var classifier = TrainedClassifier.Open(run.CheckpointPath!, threads: 1);
        string[] predictions = [.. classifier.Predict([.. Labelled.Pairs.Select(pair => pair.Source)])];
        (string Due, string Given)[] both = [.. Labelled.Pairs.Select(pair => pair.Target).Zip(predictions)];
        IReadOnlyList<string> labels = measured.Confusion!.Labels;
        Assert.All(labels.SelectMany((due, i) => labels.Select((given, j) => (due, i, given, j))), cell =>
            Assert.Equal(both.LongCount(pair => pair == (cell.due, cell.given)), measured.Confusion[cell.i, cell.j]));
        Assert.Equal((double)both.Count(pair => pair.Due == pair.Given) / both.Length, measured.Metrics[0].Value);
        Assert.Equal(run.Best!.HeldOut!["accuracy"], measured.Metrics[0].Value);
        Assert.Equal(run.Best.HeldOutLoss!.Value, measured.Loss.Mean, 1e-6);
        Assert.Equal(predictions, measured.Examples.Select(example => example.Prediction));
        Assert.Empty(measured.Attention);
    }

    // Three labels: 4 of 6 a's correct, 3 of 4 b's, none of 2 c's.
    [Fact]
    public void ConfusionMatrix_KnownCounts_GivePrecisionRecallAndF1()
    {
        var matrix = new ConfusionMatrix(["a", "b", "c", "d"]);
        foreach ((int actual, int predicted, int times) in new[] { (0, 0, 4), (0, 1, 2), (1, 1, 3), (1, 0, 1), (2, 0, 2) })
        {
            for (int i = 0; i < times; i++)
                matrix.Add(actual, predicted);
        }
        Assert.Equal([6, 4, 2, 0], Enumerable.Range(0, 4).Select(matrix.Support));
        Assert.Equal([4 / 7.0, 3 / 5.0, double.NaN], Enumerable.Range(0, 3).Select(matrix.Precision));
        Assert.Equal([4 / 6.0, 3 / 4.0, 0, double.NaN], Enumerable.Range(0, 4).Select(matrix.Recall));
        Assert.Equal(2 * (4 / 7.0) * (4 / 6.0) / ((4 / 7.0) + (4 / 6.0)), matrix.F1(0), 12);
    }

    [Fact]
    public void Measure_Translator_TellsWhereItLookedAtEachOfTheSourcesCharacters()
    {
        RunRecord run = Trained("one", Turned, new TranslatorConfig
        {
            Attention = SourceAttention.Dot,
        });
        PairMeasurement measured = new RunEvaluator(threads: 1).Measure(run, Turned);

        Assert.Equal(["ab", "ba", "aab", "bba"], measured.Attention.Select(map => string.Concat(map.Source)));
        Assert.All(measured.Attention, map =>
        {
            Assert.Equal(map.Written.Count, map.Weights.Count);
            Assert.All(map.Weights, row => Assert.Equal((map.Source.Count, 1.0), (row.Count, Math.Round(row.Sum(), 4))));
        });
        using var translator = TrainedTranslator.Open(run.CheckpointPath!, threads: 1);
        Assert.Equal(translator.Predict(["ab", "ba", "aab", "bba"]),
            measured.Attention.Select(map => string.Concat(map.Written.TakeWhile(token => token != TranslatorVocab.End))));
        Assert.Null(measured.Confusion);
    }

    // The book's cleaning writes small letters only: a target in capitals is right in the figure, and so in the table.
    [Fact]
    public void Measure_CleanedTargets_AreRightAsTheModelReadsThem()
    {
        RunRecord run = Trained("one", Turned, new TranslatorConfig { Cleaning = Cleaning.D2L });
        PairMeasurement measured = new RunEvaluator(threads: 1).Measure(run, Turned);
        using var translator = TrainedTranslator.Open(run.CheckpointPath!, threads: 1);
        Assert.True(translator.IsRight(new TextPair("ab", "BA", 1), "ba"));
        Assert.False(translator.IsRight(new TextPair("ab", "BA", 1), "BA"));
        Assert.All(measured.Examples, one => Assert.Equal(one.Pair.Target == one.Prediction, one.IsRight));
    }

    [Fact]
    public void Measure_OtherPairs_IsRefused()
    {
        RunRecord run = Trained("one", Labelled, new ClassifierConfig());
        Assert.Contains("holds other pairs",
            Assert.Throws<InvalidConfigException>(() => new RunEvaluator(threads: 1).Measure(run, Turned)).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public void Read_RunsOfBothKinds_HaveTheirKindAndTheFigureThatCounts()
    {
        TrainedRun.In(_folder.File("text"));
        var text = RunRecord.Read(_folder.File("text"));
        Assert.Equal((ModelKind.LanguageModel, "loss", null), (text.Kind, text.MainFigure, text.Form));
        RunRecord pairs = Trained("one", Labelled, new ClassifierConfig());
        Assert.Equal((RunKind.Classifier.Name, "accuracy", null), (pairs.Kind, pairs.MainFigure, pairs.Corpus));
        Assert.Equal(pairs.Epochs.Max(epoch => epoch.HeldOut!["accuracy"]), pairs.MainOf(pairs.Best));
        // A run on text cannot be measured on pairs.
        Assert.Throws<InvalidConfigException>(() => new RunEvaluator(threads: 1).Measure(text, Labelled));
    }

    [Fact]
    public void Csv_Epochs_HoldTheFiguresInFull()
    {
        RunRecord run = Trained("one", Turned, new TranslatorConfig());
        using var writer = new StringWriter();
        CsvTable.Write(RunTables.Epochs([run]), writer);
        string[][] rows = [.. writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(','))];
        foreach (string figure in new[] { "exact_match", "character_error_rate" })
            Assert.Equal(run.Epochs.Select(epoch => epoch.HeldOut![figure]),
                rows[1..].Select(row => double.Parse(row[Array.IndexOf(rows[0], figure)])));
        Assert.Equal(run.Epochs.Select(epoch => epoch.HeldOutLoss!.Value),
            rows[1..].Select(row => double.Parse(row[Array.IndexOf(rows[0], "held_out_loss")])));
    }

    [Fact]
    public async Task Html_OfClassifiers_ShowsCurvesAndTheConfusionMatrixInTheBrowser()
    {
        RunRecord[] runs = [Trained("one", Labelled, new ClassifierConfig()),
            Trained("two", Labelled, new ClassifierConfig { Pooling = Pooling.Mean })];
        await AssertShownAsync(
            runs, Labelled, "line,line,line,line,line,matrix,matrix",
            ["Loss", "Held-out accuracy", "Held-out macro-F1", "Gradient norm", "Confusion matrix", "Each label", "a<b", "model.pooling"]);
    }

    [Fact]
    public async Task Html_OfTranslators_ShowsCurvesPredictionsAndAttentionInTheBrowser() => await AssertShownAsync(
        [Trained("one", Turned, new TranslatorConfig())], Turned,
            "line,line,line,line,line,line,matrix,matrix,matrix,matrix",
        ["Held-out exact match", "Held-out BLEU", "Held-out character error rate", "the first 14 held-out pairs", "each row sums to 1",
            "attention: additive"]);

    [Fact]
    public void Of_RunWithoutHeldOutPairs_ReportsTheRest()
    {
        RunRecord run = Trained("one", Labelled, new ClassifierConfig(), holdsOut: false);
        using var writer = new StringWriter();
        MarkdownReport.Write(RunReport.Of([run], [], ["one is not measured."]), writer);
        Assert.Contains("one is not measured.", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("## Learning curves", writer.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(
            "accuracy", writer.ToString().Split("## Configurations")[0].Replace("best accuracy", "", StringComparison.Ordinal),
                StringComparison.Ordinal);
    }

    // Correct of 10: one 7, two 5; of 20 others: three 18.
    [Fact]
    public void Of_RunsMeasuredOnDifferentPairs_RanksEachSetInATableOfItsOwn()
    {
        string first = new('a', 64), second = new('b', 64);
        RunRecord one = MadeRun.OnPairs("one", "names.tsv", first, 0.7), two = MadeRun.OnPairs("two", "names.tsv", first, 0.5);
        RunRecord three = MadeRun.OnPairs("three", "names.tsv", second, 0.9);
        PairMeasurement[] measured =
        [
            MadeRun.Measured("two", new long[,] { { 4, 4 }, { 1, 1 } }),
            MadeRun.Measured("three", new long[,] { { 9, 1 }, { 1, 9 } }),
            MadeRun.Measured("one", new long[,] { { 6, 2 }, { 1, 1 } }),
        ];

        ReportSection HeldOut(RunRecord[] runs, PairMeasurement[] some) =>
            RunReport.Of(runs, some, []).Sections.Single(section => section.Title == "Pairs that training held out");
        ReportTable[] tables = [.. HeldOut([two, three, one], measured).Parts.OfType<ReportTable>()];
        Assert.Equal(["names.tsv, SHA-256 aaaaaaaa", "names.tsv, SHA-256 bbbbbbbb"], tables.Select(table => table.Caption));
        Assert.Equal([["one", "two"], ["three"]], tables.Select(table => table.Rows.Select(row => row[0])));
        Assert.Equal([["0.7000", "0.5000"], ["0.9000"]], tables.Select(table => table.Rows.Select(row => row[4])));
        // One set needs no name.
        Assert.Equal("", Assert.Single(HeldOut([two, one], [measured[0], measured[2]]).Parts.OfType<ReportTable>()).Caption);

        ReportTable csv = RunTables.Evaluations([two, three, one], measured);
        Assert.Equal("pairs", csv.Columns[^1].Name);
        Assert.Equal(["names.tsv, SHA-256 aaaaaaaa", "names.tsv, SHA-256 bbbbbbbb", "names.tsv, SHA-256 aaaaaaaa"],
            csv.Rows.Where(row => row[2] == "accuracy").Select(row => row[^1]));
    }

    private async Task AssertShownAsync(RunRecord[] runs, PairFile heldOut, string charts, string[] texts)
    {
        Assert.SkipWhen(HeadlessChromium.Program is null, "there is no chromium on this machine");
        Assert.SkipWhen(ChartLibrary.Embedded is null, "this build carries no chart library: npm was missing");
        var evaluator = new RunEvaluator(threads: 1);
        Report report = RunReport.Of(runs, [.. runs.Select(run => evaluator.Measure(run, heldOut))], []);
        string path = _folder.File("report.html");
        await using (var file = new StreamWriter(path))
            HtmlReport.Write(report, file, ChartLibrary.Embedded);
        await using HeadlessChromium browser = await HeadlessChromium.StartAsync();
        await browser.Page.OpenAsync(path);

        Assert.Empty(browser.Page.Errors);
        Assert.Single(browser.Page.Requests, request => !request.StartsWith("data:", StringComparison.Ordinal));
        Assert.Equal(charts, (string?)await browser.Page.EvaluateAsync(
            "[...document.querySelectorAll('canvas')].map(c => Chart.getChart(c).config.type).join()"));
        Assert.True((bool)(await browser.Page.EvaluateAsync(
            "[...document.querySelectorAll('canvas')].every(c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, "
                + "c.height).data.buffer)).size > 5)"))!);
        string shown = (string)(await browser.Page.EvaluateAsync("document.body.textContent"))!;
        Assert.All(texts, text => Assert.Contains(text, shown, StringComparison.Ordinal));
        output.WriteLine($"screenshot: {await browser.SaveScreenshotAsync($"{runs[0].Kind}.png")}");
    }

    private static PairFile Make(string name, Func<string, string> target) =>
        new(name, new string(name[0], 64), [.. Words.Select((word, i) => new TextPair(word, target(word), i + 1))]);

    private RunRecord Trained(string name, PairFile pairs, PairConfig model, bool holdsOut = true)
    {
        var config = new PairRunConfig(model)
        {
            Data = name,
            Validation = holdsOut ? name : null,
            Training = new TrainerConfig { NumEpochs = 4, BatchSize = 4, Optimizer = OptimizerKind.Adam, LearningRate = 0.01 },
            SampleEvery = 2,
        };
        using (RunSession session = RunKind.Of(model.Kind).New(_folder.File(name)))
            new PairRun(config, threads: 1, session: session).Execute(pairs, holdsOut ? pairs : null);
        return RunRecord.Read(_folder.File(name));
    }
}
