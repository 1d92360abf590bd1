using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Tests.Workbench.Reports.Runs;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Reports;

/// <summary>The first sentence of the page of an evaluation.</summary>
public sealed class EvaluationPageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Of_TwoModels_SaysWhichIsBetterByHowMuchAndHowCertain()
    {
        (EvaluatedModel Model, double Bits)[] both = [Measured("small", hiddens: 4), Measured("large", hiddens: 16)];
        (EvaluatedModel Model, double Bits) better = both.MinBy(one => one.Bits), worse = both.MaxBy(one => one.Bits);
        double fewer = 100 * (1 - (better.Bits / worse.Bits));
        Assert.True(fewer > 1, $"the models differ by {fewer} %");
        string sentence = $"{better.Model.Result.Report.Model} is better with {better.Bits:0.0000} bits per character of "
            + $"{better.Model.Result.Report.Text}, {(fewer >= 10 ? $"{fewer:0}" : $"{fewer:0.0}")} % fewer than "
            + $"{worse.Model.Result.Report.Model} ({worse.Bits:0.0000}); ";

        // In either order.
        foreach ((EvaluatedModel one, EvaluatedModel two) in new[] { (both[0].Model, both[1].Model), (both[1].Model, both[0].Model) })
        {
            PairedComparison comparison = PairedComparison.Of(one.Result.Surprisals, two.Result.Surprisals);
            Assert.Equal(sentence + "the difference is clear: its 95 % interval excludes 0.",
                Verdict([one, two], comparison with { DifferenceInterval = new Interval(-0.3, -0.1) }));
            Assert.Equal(sentence + "the difference may be chance: its 95 % interval includes 0.",
                Verdict([one, two], comparison with { DifferenceInterval = new Interval(-0.3, 0.1) }));
        }
    }

    [Fact]
    public void Of_OneModelOrTheSameTwice_NamesNoWinner()
    {
        (EvaluatedModel model, double bits) = Measured("only", hiddens: 4);
        string text = model.Result.Report.Text;
        Assert.Equal($"only needs {bits:0.0000} bits per character of {text}, perplexity {ReportFigure.Of(Math.Pow(2, bits))}.",
            Verdict([model], null));
        Assert.Equal($"only and only tie: {bits:0.0000} bits per character of {text}.",
            Verdict([model, model], PairedComparison.Of(model.Result.Surprisals, model.Result.Surprisals)));
    }

    private static string Verdict(IReadOnlyList<EvaluatedModel> models, PairedComparison? comparison) =>
        Assert.IsType<Paragraph>(EvaluationPage.Of(models, comparison, []).Sections[0].Parts[0]).Text;

    // Each token is a character, so that its bits are those of the model's probability of it.
    private (EvaluatedModel Model, double Bits) Measured(string name, int hiddens)
    {
        TrainedRun.In(_folder.File(name), hiddens);
        ISavedModel saved = ModelFile.Read(new RunDirectory(_folder.File(name)).LastCheckpointPath);
        var run = new EvaluationRun();
        EvaluationText text = run.Texts(TrainedRun.Corpus, [saved])[0];
        EvaluationResult result = run.Execute(saved, TrainedRun.Corpus, text, name, threads: 1);
        double[] bits = [.. result.Surprisals.Nats.ToArray().Select(nats => nats / Math.Log(2))];
        return (new EvaluatedModel(saved, result, text.WindowLength), bits.Average());
    }
}
