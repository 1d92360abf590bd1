using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Models.NGram;
using static TorchSharp.torch;

namespace CharLM.Tests.Evaluation;

public sealed class MixedModelTests
{
    private const int Vocab = 5;

    private static readonly int[] Text = [.. Enumerable.Range(0, 301).Select(i => i * i % 11 % Vocab)];

    [Theory]
    [InlineData(0.3, 1)]
    [InlineData(0.8, 3)]
    public void Surprisals_EachToken_IsTheLogarithmOfTheMixedProbabilities(double weight, int rows)
    {
        (LanguageModel network, NGramModel counts) = Models();
        using LanguageModel first = network;
        var reading = new EvaluationConfig { Rows = rows, WarmUp = 10 };
        TokenSurprisals mixed = Evaluator.Surprisals(
            new MixedModel(first, counts, weight), Text, reading, TestContext.Current.CancellationToken);
        float[] a = Nats(first, reading), b = Nats(counts, reading);
        for (int i = 0; i < a.Length; i++)
            Assert.Equal(-Math.Log((weight * Math.Exp(-a[i])) + ((1 - weight) * Math.Exp(-b[i]))), mixed.Nats.Span[i], 1e-5);
    }

    [Fact]
    public void Predict_Distribution_SumsToOneAndItsMaximumIsTheGuess()
    {
        (LanguageModel network, NGramModel counts) = Models();
        using LanguageModel first = network;
        using IPredictor predictor = new MixedModel(first, counts, 0.4).Predictor();
        using IPredictor scoring = new MixedModel(first, counts, 0.4).Predictor();
        predictor.Begin(2);
        scoring.Begin(1);
        var logits = new float[2 * Vocab];
        predictor.Predict([1, 2, 3, 3, 2, 1], 3, logits);
        double[] probabilities = [.. logits[..Vocab].Select(logit => Math.Exp(logit))];
        Assert.Equal(1, probabilities.Sum(), 1e-5);

        var guesses = new TopPrediction[3];
        scoring.Score([1, 2, 3], [0, 0, 0], 3, new float[3], guesses);
        Assert.Equal(Array.IndexOf(probabilities, probabilities.Max()), guesses[2].Token);
        Assert.Equal(probabilities.Max(), guesses[2].Probability, 1e-5);

        // The second row, alone and first.
        predictor.Rearrange([1]);
        var again = new float[Vocab];
        predictor.Predict([4], 1, again);
        using IPredictor alone = new MixedModel(first, counts, 0.4).Predictor();
        alone.Begin(1);
        var expected = new float[Vocab];
        alone.Predict([3, 2, 1, 4], 4, expected);
        Assert.All(again.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-5));
    }

    [Fact]
    public void BestWeight_TwoModels_IsTheLeastOfAGrid()
    {
        var random = new Random(3);
        float[] a = [.. Enumerable.Range(0, 500).Select(_ => (float)(3 * random.NextDouble()))],
            b = [.. Enumerable.Range(0, 500).Select(_ => (float)(3.2 * random.NextDouble()))];
        double Total(double w) => a.Zip(b, (x, y) => -Math.Log((w * Math.Exp(-x)) + ((1 - w) * Math.Exp(-y)))).Sum();
        double best = MixedModel.BestWeight(a, b);
        Assert.All(Enumerable.Range(0, 1001), i => Assert.True(Total(best) <= Total(i / 1000.0) + 1e-6, $"{i / 1000.0} is better"));
        // A model that is worse at every token gets nothing.
        Assert.Equal(1, MixedModel.BestWeight(a, [.. a.Select(nats => nats + 1)]), 1e-6);
    }

    private static (LanguageModel, NGramModel) Models()
    {
        manual_seed(2);
        return (new LanguageModel(new ModelConfig { Cell = CellKind.Gru, NumHiddens = 8 }, Vocab), NGramModel.Train(Text, 2, Vocab));
    }

    private static float[] Nats(ILanguageModel model, EvaluationConfig reading) =>
        Evaluator.Surprisals(model, Text, reading, TestContext.Current.CancellationToken).Nats.ToArray();
}
