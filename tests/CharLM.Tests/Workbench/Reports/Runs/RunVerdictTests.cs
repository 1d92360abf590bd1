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
