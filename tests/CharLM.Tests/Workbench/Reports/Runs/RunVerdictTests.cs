using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Reports.Runs;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Reports.Runs;

/// <summary>The first sentence of a report, and figures grouped by the text that was measured.</summary>
public sealed class RunVerdictTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Of_TwoMeasuredRuns_SaysWhoWinsByHowMuchAndWhetherCountingBeatsIt()
    {
        RunRecord[] runs = [Trained("small", hiddens: 4), Trained("large", hiddens: 16)];
        var evaluator = new RunEvaluator(threads: 1);
        TextMeasurement[] measured = [.. runs.Select(
            run => evaluator.Measure(run.Name, ModelFile.Read(run.CheckpointPath!), TrainedRun.Corpus))];
        TextMeasurement[] ranked = [.. measured.OrderBy(one => one.Evaluation.All.Mean)];
        double fewer = 100 * (1 - (ranked[0].Evaluation.All.Mean / ranked[1].Evaluation.All.Mean));

        string verdict = Verdict(RunReport.Of(runs, measured, []));
        Assert.StartsWith($"{ranked[0].Run} wins with {ReportFigure.Of(ranked[0].Evaluation.BitsPerCharacter)} bits per character of text "
            + $"that training did not see, {(fewer >= 10 ? $"{fewer:0}" : $"{fewer:0.0}")} % fewer than {ranked[1].Run} "
            + $"({ReportFigure.Of(ranked[1].Evaluation.BitsPerCharacter)}), but counting (n-gram of order 7: ", verdict,
            StringComparison.Ordinal);
        // The text repeats itself: counting knows it, and token by token that is certain.
        Assert.Matches(@"beats it with \d+ % fewer\. (Both differences are clear: their 95 % intervals exclude 0|"
            + @"The difference to \w+ may be chance, that to counting is clear \(95 % intervals\))\.$", verdict);

        // The same model twice; and a model that knows the text better than counting does.
        TextMeasurement winner = ranked[0];
        Assert.Contains("small and large tie", Verdict(RunReport.Of(runs,
            [winner with { Run = "small" }, winner with { Run = "large" }], [])), StringComparison.Ordinal);
        EvaluationReport perfect = winner.Evaluation with { Known = new LossSum(0.01, winner.Evaluation.Known.Tokens) };
        Assert.Matches(@"^large needs \S+ bits per character of .*, and counting \(n-gram of order 7: \S+\) does not beat it: it needs "
            + @"\S+ % more\.$", Verdict(RunReport.Of(runs, [winner with { Run = "large", Evaluation = perfect, Surprisals = null }], [])));
    }

    [Fact]
    public void Of_RunsWithoutMeasurement_JudgesWhatTheyRecorded()
    {
        RunRecord[] runs = [Trained("one"), Trained("two", hiddens: 16)];
        RunRecord[] ranked = [.. runs.OrderBy(run => run.Best!.HeldOutLoss)];
        string verdict = Verdict(RunReport.Of(runs, [], []));

        Assert.StartsWith($"{ranked[0].Name} wins by what the runs recorded: held-out perplexity {ReportFigure.Of(ranked[0].BestFigure)} "
            + "after epoch ", verdict, StringComparison.Ordinal);
        UnseenFigures unseen = ranked[0].Result!.Unseen!;
        Assert.EndsWith($"counting (n-gram of order 7: {ReportFigure.Of(Math.Exp(unseen.NGramLoss!.Value))}) beats it.", verdict,
            StringComparison.Ordinal);
        Assert.Contains("nothing is known about text that training did not see",
            Verdict(RunReport.Of([Trained("whole", validation: 0)], [], [])), StringComparison.Ordinal);
    }

    // Held-out perplexities exp(1) = 2.7183, exp(1.25) = 3.4903 and exp(0.75) = 2.1170; exp(-0.25) = 0.7788 is 22 % below 1.
    [Fact]
    public void Of_RunsThatRecordedTheSame_TieWithoutAWinner()
    {
        RunRecord one = MadeRun.OnText("one", 2, 1), two = MadeRun.OnText("two", 1, 3), three = MadeRun.OnText("three", 1.25);
        Assert.Equal("one and two tie by what the runs recorded: held-out perplexity 2.7183; whether counting beats them was not measured.",
            Verdict(RunReport.Of([three, one, two], [], [])));
        Assert.Equal("one wins by what the runs recorded: held-out perplexity 2.7183 after epoch 2, 22 % lower than three (3.4903); "
            + "whether counting beats it was not measured.", Verdict(RunReport.Of([three, one], [], [])));
        Assert.StartsWith("one, two and four tie by what the runs recorded",
            Verdict(RunReport.Of([one, two, MadeRun.OnText("four", 1), three], [], [])), StringComparison.Ordinal);
        UnseenFigures unseen = new() { Part = "test", Tokens = 1, Loss = 0.75, NGramLoss = 1, NGramOrder = 7 };
        RunRecord measured = one with
        {
            Result = new RunSummary { Parameters = 1, Epochs = 2, Steps = 2, StoppedEarly = false, TrainedSeconds = 1, Unseen = unseen },
        };
        Assert.EndsWith("; on unseen text one has 2.1170, and counting (n-gram of order 7: 2.7183) does not beat it.",
            Verdict(RunReport.Of([measured, two], [], [])), StringComparison.Ordinal);
    }

    // Correct: 7 of 10, and always x 8 of 10; 5 and 6; 9 and 5.
    [Fact]
    public void Of_RunsOnPairs_SaysWhoWinsOnEachSetAndWhetherTheMostFrequentLabelBeatsIt()
    {
        string first = new('a', 64), second = new('b', 64);
        RunRecord one = MadeRun.OnPairs("one", "some.tsv", first, 0.2, 0.75, 0.5), two = MadeRun.OnPairs("two", "some.tsv", first, 0.625);
        RunRecord three = MadeRun.OnPairs("three", "other.tsv", second, 0.9);
        PairMeasurement ofOne = MadeRun.Measured("one", new long[,] { { 6, 2 }, { 1, 1 } }),
            ofTwo = MadeRun.Measured("two", new long[,] { { 4, 2 }, { 3, 1 } }),
            ofThree = MadeRun.Measured("three", new long[,] { { 5, 0 }, { 1, 4 } });

        Assert.Equal(
            [
                "On some.tsv, SHA-256 aaaaaaaa: one wins: accuracy 0.7000 on the held-out pairs, 0.2000 above two (0.5000); counting "
                    + "alone, always the most frequent label, beats it with accuracy 0.8000.",
                "On other.tsv, SHA-256 bbbbbbbb: three reaches accuracy 0.9000 on the held-out pairs; counting alone, always the most "
                    + "frequent label, does not beat it with accuracy 0.5000.",
            ],
            Verdicts(RunReport.Of([two, three, one], [ofTwo, ofThree, ofOne], [])));
        // Without measurements by what the runs recorded.
        Assert.Equal(["one wins: accuracy 0.7500 on the held-out pairs, 0.1250 above two (0.6250)."],
            Verdicts(RunReport.Of([two, one], [], [])));
        Assert.Equal(["No run has a held-out figure, so none wins."],
            Verdicts(RunReport.Of([MadeRun.OnPairs("none", "some.tsv", first)], [], [])));
        // Both have 7 of 10.
        Assert.Equal(
            ["two and one tie: accuracy 0.7000 on the held-out pairs; counting alone, always the most frequent label, beats them with "
                + "accuracy 0.8000."],
            Verdicts(RunReport.Of([two, one], [MadeRun.Measured("two", new long[,] { { 7, 1 }, { 2, 0 } }), ofOne], [])));
        // Steering labels have only a loss, of which less is better.
        PairMeasurement[] steered = [new("one", 1, 10, new LossSum(15, 10), [], []), new("two", 1, 10, new LossSum(12, 10), [], [])];
        Assert.Equal(["two wins: loss 1.2000 on the held-out pairs, 0.3000 below one (1.5000)."],
            Verdicts(RunReport.Of([one, two], steered, [])));
    }

    [Fact]
    public void Of_RunsOnDifferentTexts_GroupsTheirFigures()
    {
        RunRecord one = Trained("one"), two = Trained("two");
        RunRecord other = Trained("other", validation: 0.4);
        Report report = RunReport.Of([one, other, two], [], []);
        ReportPart[] parts = [.. report.Sections.SelectMany(section => section.Parts)];

        Assert.Equal(["one,two", "other"], parts.OfType<ReportTable>().Where(table => table.Columns[0].Name == "run")
            .Select(table => string.Join(',', table.Rows.Select(row => row[0]))));
        Assert.Equal(["made, 0.2 held out", "made, 0.4 held out"], parts.OfType<ReportTable>().Take(2).Select(table => table.Caption));
        LineChart[] charts = [.. parts.OfType<LineChart>().Where(chart => chart.Title.StartsWith("Perplexity", StringComparison.Ordinal))];
        Assert.Equal(["Perplexity: made, 0.2 held out", "Perplexity: made, 0.4 held out"], charts.Select(chart => chart.Title));
        // A run keeps its colour and marker in every chart.
        Assert.Equal([0, 0, 2, 2], charts[0].Series.Select(series => series.Group));
        Assert.Equal([1, 1], charts[1].Series.Select(series => series.Group));
        Assert.Equal(2, report.Sections[0].Parts.OfType<Paragraph>().Count(paragraph => paragraph.IsLead));
        Assert.Empty(RunReport.Of([one, two], [], []).Sections[0].Parts.OfType<ReportTable>().Single().Caption);
    }

    [Fact]
    public void Of_Epochs_HavePlacesInTokensAndSeconds()
    {
        RunRecord run = Trained("one");
        LineChart chart = RunReport.Of([run], [], []).Sections.SelectMany(section => section.Parts).OfType<LineChart>().First();
        LineSeries train = chart.Series[0];

        Assert.Equal(["tokens", "seconds of training"], chart.OtherX);
        // Every epoch reads as many minibatches of 4 rows with 8 steps.
        Assert.Equal(run.Epochs.Select(epoch => epoch.Step * 4.0 * 8), train.OtherX[0]);
        Assert.Equal(run.Epochs.Sum(epoch => epoch.Seconds), train.OtherX[1][^1], 1e-9);
        Assert.Equal(run.Epochs.Select(epoch => epoch.TrainPerplexity), train.Points.Select(point => point.Y));
    }

    private static IEnumerable<string> Verdicts(Report report) =>
        report.Sections[0].Parts.OfType<Paragraph>().Where(paragraph => paragraph.IsLead).Select(paragraph => paragraph.Text);

    private static string Verdict(Report report)
    {
        var first = Assert.IsType<Paragraph>(report.Sections[0].Parts[0]);
        Assert.True(first.IsLead);
        return first.Text;
    }

    private RunRecord Trained(string name, int hiddens = 8, double validation = 0.2)
    {
        TrainedRun.In(_folder.File(name), hiddens, validation);
        return RunRecord.Read(_folder.File(name));
    }
}
