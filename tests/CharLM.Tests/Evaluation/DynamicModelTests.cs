using CharLM.Evaluation;
using CharLM.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Evaluation;

public sealed class DynamicModelTests
{
    private const int Vocab = 4;

    private static int[] Text => [.. Enumerable.Range(0, 121).Select(i => i * i % 7 % Vocab)];

    private static LanguageModel Model(CellKind cell = CellKind.Gru)
    {
        manual_seed(5);
        return new LanguageModel(new ModelConfig { Cell = cell, Implementation = Implementation.BuiltIn, NumHiddens = 12 }, Vocab);
    }

    [Fact]
    public void Surprisals_Segments_AreThoseOfStepsWrittenOut()
    {
        const int Segment = 10;
        const double Rate = 0.3, Decay = 0.1;
        int[] text = Text;
        using DisposeScope scope = NewDisposeScope();
        using LanguageModel model = Model(), expected = Model();
        var trained = expected.parameters().Select(weight => weight.detach().clone()).ToList();
        float[] actual = Measure(model, new DynamicEvaluationConfig { SegmentLength = Segment, LearningRate = Rate, Decay = Decay });
        RecurrentState state = expected.BeginState(1);
        for (int from = 0; from < text.Length - 1; from += Segment)
        {
            long[] ids = [.. text.AsSpan(from, Segment + 1).ToArray().Select(id => (long)id)];
            (Tensor logits, RecurrentState after) = expected.forward(tensor(ids[..^1], [1, Segment]), state);
            Tensor losses = -nn.functional.log_softmax(logits, dim: -1).gather(1, tensor(ids[1..]).unsqueeze(1)).squeeze(1);
            float[] values = losses.detach().data<float>().ToArray();
            for (int i = 0; i < Segment; i++)
                Assert.Equal(values[i], actual[from + i], 1e-4);
            expected.zero_grad();
            losses.mean().backward();
            using (no_grad())
            {
                foreach ((TorchSharp.Modules.Parameter weight, Tensor before) in expected.parameters().Zip(trained))
                    weight.copy_(((weight - (weight.grad! * Rate)) * (1 - Decay)) + (before * Decay));
            }
            state = after.Detach();
        }
    }

    [Fact]
    public void Surprisals_RepeatingText_BecomeLessAndTheWeightsComeBack()
    {
        int[] text = [.. Enumerable.Range(0, 400).Select(i => i % Vocab)];
        using LanguageModel model = Model(CellKind.Lstm);
        LossSum before = Evaluator.Measure(model, text, rows: 1, cancellationToken: TestContext.Current.CancellationToken);
        using var learning = new DynamicModel(model, new DynamicEvaluationConfig { SegmentLength = 4, LearningRate = 1 });
        LossSum dynamic = Evaluator.Measure(learning, text, rows: 1, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(dynamic.Mean < before.Mean - 0.1, $"{dynamic.Mean} is not less than {before.Mean}");
        Assert.Equal(before.Total,
            Evaluator.Measure(model, text, rows: 1, cancellationToken: TestContext.Current.CancellationToken).Total, 6);
    }

    [Fact]
    public void Predictor_Kernels_RowsOrFaults_AreRefused()
    {
        using LanguageModel model = Model();
        Assert.Contains("1 row",
            Assert.Throws<InvalidConfigException>(
                () => Evaluator.Measure(new DynamicModel(model, new DynamicEvaluationConfig()), Text, rows: 2)).Message,
                    StringComparison.Ordinal);
        var faulty = new DynamicEvaluationConfig { SegmentLength = 0, LearningRate = -1, Decay = 1 };
        string message = Assert.Throws<InvalidConfigException>(() => new DynamicModel(model, faulty).Predictor()).Message;
        Assert.All(["dynamic-steps must be", "dynamic-lr must be", "dynamic-decay must be"], part =>
            Assert.Contains(part, message, StringComparison.Ordinal));
        using var fused = new LanguageModel(new ModelConfig { NumHiddens = 8 }, Vocab);
        Assert.Throws<InvalidConfigException>(() => new DynamicModel(fused, new DynamicEvaluationConfig()).Predictor());
    }

    private static float[] Measure(LanguageModel model, DynamicEvaluationConfig config)
    {
        using var learning = new DynamicModel(model, config);
        return Evaluator.Surprisals(learning, Text, new EvaluationConfig { Rows = 1, NumSteps = 30 }, TestContext.Current.CancellationToken)
            .Nats.ToArray();
    }
}
