using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Tokenization;
using FsCheck;
using FsCheck.Fluent;

namespace CharLM.Tests.Models.NGram;

public sealed class NGramModelTests
{
    // Few kinds of tokens, so that every context recurs; sometimes the vocab has more than occur.
    private static Gen<(int[] Text, int[] Test, int Order, int Vocab)> Cases =>
        from vocab in Gen.Choose(1, 6)
        from length in Gen.OneOf(Gen.Choose(1, 12), Gen.Choose(20, 400))
        from text in Gen.ArrayOf(Gen.Frequency((3, Gen.Choose(0, Math.Min(1, vocab - 1))), (2, Gen.Choose(0, vocab - 1))), length)
        from test in Gen.ArrayOf(Gen.Choose(0, vocab - 1), 25)
        from order in Gen.Choose(1, 10)
        select (text, test, order, vocab);

    [Fact]
    public void Score_AnyTextAndOrder_IsThePapersFormula() => Check(Cases, sample =>
    {
        var expected = new BruteForce(sample.Text, sample.Order, sample.Vocab);
        using IPredictor predictor = NGramModel.Train(sample.Text, sample.Order, sample.Vocab).Predictor();
        float[] nats = Score(predictor, sample.Test);
        for (int i = 0; i < nats.Length; i++)
            Assert.Equal(-Math.Log(expected.Probability(sample.Test[..(i + 1)], sample.Test[i + 1])), nats[i], 1e-4);
    });

    [Fact]
    public void Predict_AnyContext_SumsToOneAndAgreesWithScore() => Check(Cases, sample =>
    {
        NGramModel model = NGramModel.Train(sample.Text, sample.Order, sample.Vocab);
        using IPredictor predictor = model.Predictor(), scorer = model.Predictor();
        float[] nats = Score(scorer, sample.Test);
        predictor.Begin(rows: 1);
        var logits = new float[sample.Vocab];
        for (int i = 0; i < nats.Length; i++)
        {
            predictor.Predict([sample.Test[i]], 1, logits);
            Assert.Equal(1, logits.Sum(logit => Math.Exp(logit)), 1e-5);
            Assert.Equal(-nats[i], logits[sample.Test[i + 1]], 1e-4);
        }
    });

    [Fact]
    public void Score_LaplaceOnAnyText_IsTheBooksFormula() => Check(Cases, sample =>
    {
        foreach (double epsilon in new[] { 0.25, 3 })
        {
            NGramModel model = NGramModel.Train(sample.Text, sample.Order, sample.Vocab, epsilon);
            using IPredictor predictor = model.Predictor(), logits = model.Predictor();
            float[] nats = Score(predictor, sample.Test);
            logits.Begin(rows: 1);
            var all = new float[sample.Vocab];
            for (int i = 0; i < nats.Length; i++)
            {
                double expected = Laplace(sample.Text, sample.Test[Math.Max(0, i + 2 - sample.Order)..(i + 1)], sample.Test[i + 1]);
                Assert.Equal(-Math.Log(expected), nats[i], 1e-4);
                logits.Predict([sample.Test[i]], 1, all);
                Assert.Equal(1, all.Sum(logit => Math.Exp(logit)), 1e-5);
                Assert.Equal(-nats[i], all[sample.Test[i + 1]], 1e-4);
            }

            // Dive into Deep Learning v1.0, 9.3.2, by counting windows.
            double Laplace(int[] text, int[] context, int token)
            {
                double alone = (text.Count(id => id == token) + (epsilon / sample.Vocab)) / (text.Length + epsilon);
                if (context.Length == 0)
                    return alone;
                int[][] after = [.. Enumerable.Range(0, Math.Max(0, text.Length - context.Length))
                    .Where(i => text.AsSpan(i, context.Length).SequenceEqual(context)).Select(i => text[(i + context.Length)..])];
                return (after.Count(rest => rest[0] == token) + (epsilon * alone)) / (after.Length + epsilon);
            }
        }
    });

    [Theory]
    [InlineData(0.0)]
    [InlineData(-1.0)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Train_WeightThatCannotBe_IsRefused(double epsilon) => Assert.Equal(
        $"epsilon must be above 0 and finite, not {epsilon}",
        Assert.Throws<InvalidConfigException>(() => NGramModel.Train(new[] { 0, 1 }, 2, 2, epsilon)).Message);

    [Fact]
    public void Uniform_AnyToken_IsAsProbableAsAnyOther()
    {
        using IPredictor predictor = NGramModel.Uniform(5).Predictor();
        Assert.All(Score(predictor, [0, 4, 2, 1]), nats => Assert.Equal(Math.Log(5), nats, 1e-6));
    }

    [Fact]
    public void Discounts_AnyText_AreThoseOfTheCountsOfCounts() => Check(Cases, sample =>
    {
        var expected = new BruteForce(sample.Text, sample.Order, sample.Vocab);
        NGramModel model = NGramModel.Train(sample.Text, sample.Order, sample.Vocab);
        for (int k = 1; k <= sample.Order; k++)
        {
            Discounts actual = model.Discounts[k - 1];
            Assert.Equal(expected.DiscountsOf(k), new[] { actual.One, actual.Two, actual.ThreeOrMore });
        }
    });

    [Fact]
    public void NGrams_AnyText_AreItsDifferentWindows() => Check(Cases, sample =>
        Assert.Equal(
            Enumerable.Range(1, sample.Order)
                .Select(k => Enumerable.Range(0, Math.Max(0, sample.Text.Length - k + 1))
                    .Select(i => string.Join(' ', sample.Text[i..(i + k)])).Distinct().Count()),
            NGramModel.Train(sample.Text, sample.Order, sample.Vocab).NGrams));

    [Fact]
    public void Score_RowsSideBySide_AreIndependent()
    {
        int[] text = [.. Enumerable.Range(0, 300).Select(i => i * i % 7 % 4)];
        using IPredictor predictor = NGramModel.Train(text, 4, 4).Predictor();
        int[] first = [0, 1, 2, 3, 1], second = [3, 3, 2, 0, 0];
        float[] alone = [.. Score(predictor, [0, 1, 2, 3, 1]), .. Score(predictor, [3, 3, 2, 0, 0])];
        predictor.Begin(rows: 2);
        var both = new float[8];
        predictor.Score([.. first[..4], .. second[..4]], [.. first[1..], .. second[1..]], 4, both);
        Assert.Equal(alone, both);
    }

    [Fact]
    public void Score_Guesses_AreTheMostProbableTokens()
    {
        int[] text = [.. Enumerable.Range(0, 300).Select(i => i * i % 11 % 5)];
        using IPredictor predictor = NGramModel.Train(text, 3, 5).Predictor(), other = NGramModel.Train(text, 3, 5).Predictor();
        var nats = new float[20];
        var guesses = new TopPrediction[20];
        int[] tokens = text[..21];
        predictor.Begin(rows: 1);
        predictor.Score(tokens.AsSpan(0, 20), tokens.AsSpan(1), 20, nats, guesses);
        other.Begin(rows: 1);
        var logits = new float[5];
        for (int i = 0; i < 20; i++)
        {
            other.Predict(tokens.AsSpan(i, 1), 1, logits);
            Assert.Equal(logits.IndexOf(logits.Max()), guesses[i].Token);
            Assert.Equal(Math.Exp(logits.Max()), guesses[i].Probability, 1e-5);
        }
    }

    [Fact]
    public void Rearrange_Rows_GoOnFromWhereTheyWere()
    {
        int[] text = [.. Enumerable.Range(0, 300).Select(i => i * i % 7 % 4)];
        using IPredictor predictor = NGramModel.Train(text, 4, 4).Predictor();
        var logits = new float[8];
        predictor.Begin(rows: 2);
        predictor.Predict([0, 1, 2, 3, 0, 2], 3, logits);
        predictor.Rearrange([1, 1]);
        predictor.Predict([1, 1], 1, logits);
        Assert.Equal(logits[..4], logits[4..]);
        var expected = new float[4];
        predictor.Begin(rows: 1);
        predictor.Predict([3, 0, 2, 1], 4, expected);
        Assert.Equal(expected, logits[..4]);
        Assert.Throws<ArgumentOutOfRangeException>(() => predictor.Rearrange([1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => predictor.Rearrange([]));
    }

    // The published figures, on the whole held-out part with the training text before it as context.
    [Theory]
    [InlineData(1, 17.060)]
    [InlineData(2, 10.000)]
    [InlineData(3, 6.857)]
    [InlineData(4, 5.028)]
    [InlineData(5, 4.371)]
    [InlineData(6, 4.200)]
    [InlineData(7, 4.179)]
    [InlineData(8, 4.201)]
    public void Train_TimeMachine_HasThePublishedPerplexity(int order, double perplexity)
    {
        string raw = File.ReadAllText(Repository.SharedOrSkip("corpora", "timemachine.txt"));
        TokenizedText text = TokenizedText.From(raw, new TextConfig { MaxTokens = 0, ValidationFraction = 0.1 });
        Assert.Equal((153_522, 17_058, 28), (text.Train.Length, text.HeldOut.Length, text.Vocab.Count));
        NGramModel model = NGramModel.Train(text.Train, order, text.Vocab.Count);
        double measured = Evaluator.Measure(model, text.HeldOut, rows: 1).Perplexity;
        Assert.InRange(measured / perplexity, 0.999, 1.001);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(11)]
    [InlineData(50)]
    public void Train_OrderOutOfRange_IsRefused(int order) =>
        Assert.Equal($"order must be 1 to 10, not {order}",
            Assert.Throws<InvalidConfigException>(() => NGramModel.Train(new int[5], order, 3)).Message);

    [Fact]
    public void Train_NoTextOrWrongToken_IsRefused()
    {
        Assert.Contains("no text", Assert.Throws<InvalidConfigException>(() => NGramModel.Train(Array.Empty<int>(), 3, 3)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => NGramModel.Train(new[] { 0, 3 }, 3, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => NGramModel.Train(new[] { 0, -1 }, 3, 3));
    }

    private static float[] Score(IPredictor predictor, int[] text)
    {
        var nats = new float[text.Length - 1];
        predictor.Begin(rows: 1);
        predictor.Score(text.AsSpan(0, nats.Length), text.AsSpan(1), nats.Length, nats);
        return nats;
    }

    // Before anything is sorted where that alone is too much, and before the n-grams are laid out.
    [Theory]
    [InlineData(50_000_000, "takes more than 0.13 GB of memory, and there are 0.05 GB: count fewer tokens (max-tokens 1153846, say)")]
    [InlineData(135_000_000, "takes 0.17 GB of memory, and there are 0.135 GB: count fewer tokens (max-tokens 7147056, say)")]
    public void Train_MoreThanMemoryHolds_IsRefusedWithTheSize(long memory, string expected)
    {
        var text = new int[10_000_000];

        string message = Assert.Throws<InvalidConfigException>(() => NGramModel.Train(text, 2, 1, memory)).Message;

        Assert.Equal($"counting the n-grams of 10000000 tokens {expected}, or shorter n-grams", message);
    }

    private static void Check<T>(Gen<T> cases, Action<T> holds) =>
        Prop.ForAll(cases.ToArbitrary(), sample =>
        {
            holds(sample);
            return true;
        }).QuickCheckThrowOnFailure();
}
