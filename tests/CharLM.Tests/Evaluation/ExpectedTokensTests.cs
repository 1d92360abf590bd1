using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tests.Models;
using CharLM.Tokenization;

namespace CharLM.Tests.Evaluation;

/// <summary>The most probable tokens at each position of a line, and after the last.</summary>
public sealed class ExpectedTokensTests
{
    private static readonly TextConfig Config = new() { Cleaning = Cleaning.None };

    private static readonly string[] Lines = ["abca b", "", "ccx"];

    public static TheoryData<string, bool> Cases => [.. SmallModels.Kinds.SelectMany(kind => new[] { true, false }.Select(one => (kind, one)))];

    // From the logits of a predictor that reads each prefix from scratch, sorted by LINQ.
    [Theory, MemberData(nameof(Cases))]
    public void Score_Top_IsTheSoftmaxOfEveryBeginning(string kind, bool carriesState)
    {
        using ILanguageModel model = SmallModels.Create(kind);
        using var scorer = new LineScorer(model, Config, SmallModels.Letters, carriesState, top: 3);
        using var plain = new LineScorer(model, Config, SmallModels.Letters, carriesState);
        using IPredictor predictor = model.Predictor();
        int[] before = [];
        foreach (string line in Lines)
        {
            LineScore score = scorer.Score(new TextLine(line)), expected = plain.Score(new TextLine(line));

            Assert.Equal(expected.Nats, score.Nats, (a, b) => Math.Abs(a - b) < 1e-4 || (float.IsNaN(a) && float.IsNaN(b)));
            Assert.Equal(expected.Ids, score.Ids);
            Assert.Equal((expected.Characters, line.Length), (score.Characters, score.Expected.Count));
            if (!carriesState)
                before = [SmallModels.Letters[" "]];
            for (int i = 0; i <= line.Length; i++)
            {
                IReadOnlyList<TopPrediction> told = i < line.Length ? score.Expected[i] : score.Next;
                TopPrediction[] due = [.. Best(predictor, before)];
                Assert.Equal(due.Select(one => one.Token), told.Select(one => one.Token));
                Assert.Equal(due.Select(one => one.Probability), told.Select(one => one.Probability), (a, b) => Math.Abs(a - b) < 1e-4);
                if (i < line.Length)
                    before = [.. before, score.Ids[i]];
            }
        }
    }

    [Fact]
    public void Score_TopAboveTheVocab_GivesAllAndAddsUpToOne()
    {
        using ILanguageModel model = SmallModels.Create("n-gram");
        using var scorer = new LineScorer(model, Config, SmallModels.Letters, top: 100);
        LineScore score = scorer.Score(new TextLine("ab"));
        Assert.All(score.Expected.Append(score.Next), places =>
        {
            Assert.Equal(SmallModels.Letters.Count, places.Count);
            Assert.Equal(1, places.Sum(place => place.Probability), 1e-4);
        });
        Assert.Equal(Math.Exp(-score.Nats[0]), score.Expected[0].Single(place => place.Token == score.Ids[0]).Probability, 1e-5);
    }

    [Fact]
    public void Scorer_TopOfAModelThatReadsAhead_IsRefused()
    {
        using var model = new LanguageModel(
            new ModelConfig { NumHiddens = 4, Bidirectional = true, AllowLeak = true, Implementation = Implementation.BuiltIn },
            SmallModels.Letters.Count);
        Assert.Contains("bidirectional", Assert.Throws<InvalidConfigException>(
            () => new LineScorer(model, Config, SmallModels.Letters, top: 1)).Message, StringComparison.Ordinal);
    }

    private static IEnumerable<TopPrediction> Best(IPredictor predictor, int[] before)
    {
        if (before.Length == 0)
            return [];
        var logits = new float[SmallModels.Letters.Count];
        predictor.Begin(1);
        predictor.Predict(before, before.Length, logits);
        double sum = logits.Sum(logit => Math.Exp(logit));
        return logits.Select((logit, id) => new TopPrediction(id, (float)(Math.Exp(logit) / sum)))
            .OrderByDescending(one => one.Probability).ThenBy(one => one.Token).Take(3);
    }
}
