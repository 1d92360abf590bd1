using CharLM.Evaluation;
using CharLM.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Evaluation;

public sealed class EvaluatorTests
{
    private const int Vocab = 5;

    private static int[] Text(int length)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(Vocab))];
    }

    private static LanguageModel Model()
    {
        manual_seed(3);
        return new LanguageModel(new ModelConfig { Cell = CellKind.Lstm, NumHiddens = 8 }, Vocab);
    }

    [Fact]
    public void Measure_OneRow_EqualsSoftmaxTokenByToken()
    {
        using DisposeScope scope = NewDisposeScope();
        using LanguageModel model = Model();
        int[] text = Text(50);
        double expected = 0;
        using (no_grad())
        {
            RecurrentState state = model.BeginState(1);
            for (int i = 0; i + 1 < text.Length; i++)
            {
                (Tensor logits, state) = model.forward(tensor(new long[] { text[i] }, new long[] { 1, 1 }), state);
                double[] weights = [.. logits.data<float>().ToArray().Select(logit => Math.Exp(logit))];
                expected -= Math.Log(weights[text[i + 1]] / weights.Sum());
            }
        }
        LossSum nats = Evaluator.Measure(model, text, rows: 1, numSteps: 7, TestContext.Current.CancellationToken);
        Assert.Equal(49, nats.Tokens);
        Assert.Equal(expected, nats.Total, 4);
        Assert.Equal(Math.Exp(expected / 49), nats.Perplexity, 4);
        Assert.Equal(expected / 49 / Math.Log(2), nats.BitsPerToken, 4);
    }

    // As many rows and steps as a configuration may ask for do not allocate more than the documents need.
    [Fact]
    public void Measure_DocumentsInMoreRowsThanThereAre_IsTheSame()
    {
        using LanguageModel model = Model();
        int[] text = [1, 2, 3, 1, 4, 0, 2, 1];
        LossSum few = Measure(2, 3), many = Measure(65_536, 65_536);
        Assert.Equal(few.Tokens, many.Tokens);
        Assert.Equal(few.Total, many.Total, 4);

        LossSum Measure(int rows, int steps) => Evaluator.Measure(
            model, text, new EvaluationConfig { Rows = rows, NumSteps = steps, EndId = 1 }, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 1000)]
    [InlineData(3, 5)]
    [InlineData(8, 64)]
    [InlineData(200, 3)]
    public void Measure_AnyRows_PredictsEveryTokenButTheFirst(int rows, int steps)
    {
        using LanguageModel model = Model();
        LossSum nats = Evaluator.Measure(model, Text(101), rows, steps, TestContext.Current.CancellationToken);
        Assert.Equal(100, nats.Tokens);
        Assert.Equal(Evaluator.Measure(model, Text(101), rows, steps + 1, TestContext.Current.CancellationToken).Total, nats.Total, 3);
    }

    [Fact]
    public void Measure_Model_KeepsItsMode()
    {
        using LanguageModel model = Model();
        model.train();
        Evaluator.Measure(model, Text(20), cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(model.training);
        model.eval();
        Evaluator.Measure(model, Text(20), cancellationToken: TestContext.Current.CancellationToken);
        Assert.False(model.training);
    }

    [Fact]
    public void Measure_OneToken_Throws()
    {
        using LanguageModel model = Model();
        Assert.Throws<ArgumentException>(() => Evaluator.Measure(model, Text(1)));
    }
}
