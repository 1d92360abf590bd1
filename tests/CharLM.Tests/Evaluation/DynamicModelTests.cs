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

    // Krause et al. 2018, equations 6 and 7, written out with torch.
    [Fact]
    public void Surprisals_Rms_AreThoseOfStepsWrittenOut()
    {
        const int Segment = 10;
        const double Rate = 0.01, Decay = 0.02;
        int[] text = Text;
        using DisposeScope scope = NewDisposeScope();
        using LanguageModel model = Model(), expected = Model();
        var trained = expected.parameters().Select(weight => weight.detach().clone()).ToList();
        using var usual = GradientSizes.Of(model, text, Segment, TestContext.Current.CancellationToken);
        using var learning = new DynamicModel(
            model, new DynamicEvaluationConfig { SegmentLength = Segment, Rms = true, LearningRate = Rate, Decay = Decay }, usual);
        float[] actual = Evaluator.Surprisals(learning, text, new EvaluationConfig { Rows = 1, NumSteps = 30 },
            TestContext.Current.CancellationToken).Nats.ToArray();

        List<Tensor> squares = trained.ConvertAll(weight => zeros_like(weight));
        Read((weights, segment) =>
        {
            foreach ((Tensor square, TorchSharp.Modules.Parameter weight) in squares.Zip(weights))
                square.add_(weight.grad!.pow(2) / 12);
        }, _ => { });
        List<Tensor> roots = squares.ConvertAll(square => square.sqrt());
        double mean = cat([.. roots.Select(root => root.flatten())]).mean().item<float>();
        var losses = new List<float>();
        Read((weights, segment) =>
        {
            for (int i = 0; i < trained.Count; i++)
            {
                Tensor learned = weights[i] - (weights[i].grad! / (roots[i] + 1e-5) * Rate);
                weights[i].copy_(learned + ((trained[i] - learned) * (roots[i] / mean * Decay).clamp_max(1)));
            }
        }, losses.AddRange);
        for (int i = 0; i < losses.Count; i++)
            Assert.Equal(losses[i], actual[i], 2e-4);

        void Read(Action<List<TorchSharp.Modules.Parameter>, int> learn, Action<float[]> tell)
        {
            RecurrentState state = expected.BeginState(1);
            for (int from = 0; from < text.Length - 1; from += Segment)
            {
                long[] ids = [.. text.AsSpan(from, Segment + 1).ToArray().Select(id => (long)id)];
                (Tensor logits, RecurrentState after) = expected.forward(tensor(ids[..^1], [1, Segment]), state);
                Tensor each = nn.functional.cross_entropy(logits, tensor(ids[1..]), reduction: nn.Reduction.None);
                tell(each.detach().data<float>().ToArray());
                expected.zero_grad();
                each.mean().backward();
                using (no_grad())
                    learn([.. expected.parameters()], from);
                state = after.Detach();
            }
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
        Assert.Throws<InvalidConfigException>(() => new DynamicModel(model, new DynamicEvaluationConfig { Rms = true }).Predictor());
        Assert.Throws<InvalidConfigException>(() => GradientSizes.Of(model, Text, Text.Length));
    }

    // All logits are 0 but that of the only token of the text: exp(-200) is 0 in float32, its probability 1 and every gradient 0.
    [Fact]
    public void GradientSizes_ModelThatIsCertain_AreRefusedInsteadOfNaN()
    {
        using LanguageModel model = Model();
        using (no_grad())
        {
            foreach ((string name, TorchSharp.Modules.Parameter weight) in model.named_parameters())
            {
                weight.zero_();
                if (name == "linear.bias")
                    weight[1].fill_(200);
            }
        }
        int[] text = [.. Enumerable.Repeat(1, 100)];
        Assert.Equal(0, Evaluator.Measure(model, text, rows: 1, cancellationToken: TestContext.Current.CancellationToken).Total);
        string message = Assert.Throws<InvalidConfigException>(
            () => GradientSizes.Of(model, text, 10, TestContext.Current.CancellationToken)).Message;
        Assert.Contains("every gradient on the training text is 0", message, StringComparison.Ordinal);
    }

    private static float[] Measure(LanguageModel model, DynamicEvaluationConfig config)
    {
        using var learning = new DynamicModel(model, config);
        return Evaluator.Surprisals(learning, Text, new EvaluationConfig { Rows = 1, NumSteps = 30 }, TestContext.Current.CancellationToken)
            .Nats.ToArray();
    }
}
