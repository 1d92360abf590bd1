using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Pairs;
using CharLM.Pairs.Translation;
using CharLM.Tests.Models;
using CharLM.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

/// <summary>Weights whose requires_grad is false do not change, and the others learn as if only they existed.</summary>
public sealed class FrozenWeightsTests
{
    private static readonly TrainerConfig Training = new()
    {
        NumEpochs = 4,
        BatchSize = 3,
        NumSteps = 7,
        LearningRate = 0.05,
        WeightDecay = 0.1,
        ClipNorm = 0.05,
    };

    public static TheoryData<string, OptimizerKind> Cases =>
        [.. SmallModels.Networks.SelectMany(kind => Enum.GetValues<OptimizerKind>().Select(optimizer => (kind, optimizer)))];

    private static Parameter Freeze(LanguageModel model, string name, bool frozen = true)
    {
        Parameter weight = model.get_parameter(name)!;
        weight.requires_grad = !frozen;
        return weight;
    }

    private static Dictionary<string, float[]> Values(nn.Module model) =>
        model.named_parameters().ToDictionary(entry => entry.name, entry => FloatArray.Of(entry.parameter));

    [Theory, MemberData(nameof(Cases))]
    public void TrainEpoch_FrozenWeights_StayToTheLastBit(string kind, OptimizerKind optimizer)
    {
        using LanguageModel model = SmallModels.Network(kind);
        string[] frozen = [.. new[] { "embedding.weight", "rnn.weight_hh_l0", "rnn.bias_ih_l0", "linear.bias" }.Where(
            name => model.named_parameters().Any(entry => entry.name == name))];
        foreach (string name in frozen)
            Freeze(model, name);
        Dictionary<string, float[]> before = Values(model);
        using var trainer = new Trainer(model, Training with { Optimizer = optimizer }, SmallModels.Text);
        trainer.TrainEpoch(0);
        foreach ((string name, float[] values) in Values(model))
            Assert.True(frozen.Contains(name) == values.SequenceEqual(before[name]), name);
    }

    // torch's own gradients and optimizers are the reference; a bound that takes effect makes the norm part of the result.
    [Theory]
    [InlineData(OptimizerKind.Sgd)]
    [InlineData(OptimizerKind.Adam)]
    [InlineData(OptimizerKind.AdamW)]
    [InlineData(OptimizerKind.RmsProp)]
    public void TrainEpoch_FrozenThawedAndFrozenAgain_IsTorchsInTheKernels(OptimizerKind optimizer)
    {
        (double[] norms, Dictionary<string, float[]> weights) = Train(Implementation.BuiltIn);
        (double[] fusedNorms, Dictionary<string, float[]> fusedWeights) = Train(Implementation.Fused);
        Assert.Equal(norms, fusedNorms, (a, b) => Math.Abs(a - b) < 1e-3 * a);
        foreach ((string name, float[] values) in weights)
            Assert.Equal(values, fusedWeights[name], (a, b) => Math.Abs(a - b) < 2e-3);

        (double[] Norms, Dictionary<string, float[]> Weights) Train(Implementation implementation)
        {
            manual_seed(4);
            using var model = new LanguageModel(
                new ModelConfig
                {
                    Cell = CellKind.Lstm,
                    NumHiddens = 12,
                    EmbeddingSize = 12,
                    TieWeights = true,
                    Implementation = implementation
                }, 5);
            using var trainer = new Trainer(model, Training with { Optimizer = optimizer, LearningRate = 0.01 }, SmallModels.Text);
            var norms = new List<double>();
            string[][] frozen = [["rnn.weight_ih_l0"], ["embedding.weight", "rnn.bias_hh_l0"], [], ["rnn.weight_ih_l0", "linear.bias"]];
            for (int epoch = 0; epoch < frozen.Length; epoch++)
            {
                foreach ((string name, Parameter weight) in model.named_parameters())
                    Freeze(model, name, frozen[epoch].Contains(name));
                Dictionary<string, float[]> before = Values(model);
                norms.Add(trainer.TrainEpoch(epoch).GradientNorm);
                trainer.EpochEnded(1);
                Dictionary<string, float[]> after = Values(model);
                Assert.All(frozen[epoch], name => Assert.Equal(before[name], after[name]));
            }
            return ([.. norms], Values(model));
        }
    }

    [Theory]
    [InlineData("fused gru")]
    [InlineData("built-in gru")]
    [InlineData("custom rnn")]
    public void TrainEpoch_GradientNorm_CountsTheOthersAlone(string kind)
    {
        TrainerConfig oneStep = Training with { BatchSize = 2, NumSteps = 9, ClipNorm = 0 };
        int[] text = SmallModels.Text[..20];
        using LanguageModel model = SmallModels.Network(kind), twin = SmallModels.Network(kind == "fused gru" ? "built-in gru" : kind);
        twin.load_state_dict(model.state_dict());
        Freeze(model, "rnn.weight_hh_l0");
        Freeze(model, "linear.weight");
        using var trainer = new Trainer(model, oneStep, text);
        double norm = trainer.TrainEpoch(0).GradientNorm;

        using DisposeScope scope = NewDisposeScope();
        Tensor rows = tensor(text.Select(id => (long)id).ToArray());
        double squares = Enumerable.Range(0, 2).Select(offset =>
        {
            twin.zero_grad();
            // The iterator skips a random number of tokens at the beginning, so the norm is one of these.
            Tensor inputs = rows.narrow(0, offset, 18).view(2, 9), targets = rows.narrow(0, offset + 1, 18).view(2, 9);
            nn.functional.cross_entropy(twin.Forward(inputs, twin.BeginState(2)).Logits, LanguageModel.StepByStep(targets)).backward();
            return twin.named_parameters().Where(entry => entry.name is not ("rnn.weight_hh_l0" or "linear.weight"))
                .Sum(entry => entry.parameter.grad!.square().sum().ToDouble());
        }).MinBy(squared => Math.Abs(Math.Sqrt(squared) - norm));
        Assert.Equal(Math.Sqrt(squares), norm, 1e-4 * norm);
    }

    [Theory]
    [InlineData("fused gru")]
    [InlineData("built-in gru")]
    [InlineData("custom rnn")]
    public void TrainEpoch_EverythingFrozen_SaysSo(string kind)
    {
        using LanguageModel model = SmallModels.Network(kind);
        using var trainer = new Trainer(model, Training, SmallModels.Text);
        foreach (Parameter weight in model.parameters())
            weight.requires_grad = false;
        Assert.Contains("frozen", Assert.Throws<InvalidOperationException>(() => trainer.TrainEpoch(0)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Implementation.Fused)]
    [InlineData(Implementation.BuiltIn)]
    public void TrainEpoch_FrozenWeightsOfATranslator_Stay(Implementation implementation)
    {
        TextPair[] pairs = [.. Enumerable.Range(0, 12).Select(i => new TextPair("abc"[..(1 + (i % 3))], "ba"[..(1 + (i % 2))], i + 1))];
        var config = new TranslatorConfig
        {
            Model = new ModelConfig { NumHiddens = 6, EmbeddingSize = 4, Implementation = implementation },
        };
        using var translator = TrainedTranslator.Create(config, new PairFile("pairs", "00", pairs), seed: 1, threads: 1);
        string[] frozen = [.. translator.Model.named_parameters().Select(entry => entry.name)
            .Where(name => name.Contains("embedding", StringComparison.Ordinal) || name.Contains("weight_hh", StringComparison.Ordinal))];
        Assert.True(frozen.Length >= 4);
        using var trainer = new PairTrainer(new TranslatorTask(translator.Model, translator.Vocab, pairs), Training with
        {
            Optimizer = OptimizerKind.Adam,
        });
        trainer.TrainEpoch(0);
        foreach ((string name, Parameter weight) in translator.Model.named_parameters())
            weight.requires_grad = !frozen.Contains(name);
        Dictionary<string, float[]> before = Values(translator.Model);
        trainer.TrainEpoch(1);
        foreach ((string name, float[] values) in Values(translator.Model))
            Assert.True(frozen.Contains(name) == values.SequenceEqual(before[name]), name);
    }

    [Fact]
    public void Score_DynamicEvaluation_LeavesFrozenWeightsAlone()
    {
        using LanguageModel model = SmallModels.Network("built-in gru");
        Parameter frozen = Freeze(model, "rnn.weight_hh_l0"), other = model.get_parameter("linear.weight")!;
        float[] before = FloatArray.Of(frozen), otherBefore = FloatArray.Of(other);
        using var dynamic = new DynamicModel(model, new DynamicEvaluationConfig());
        using (IPredictor predictor = dynamic.Predictor())
        {
            predictor.Begin(1);
            predictor.Score([1, 2, 3, 4], [2, 3, 4, 1], 4, new float[4]);
            Assert.Equal(before, FloatArray.Of(frozen));
            Assert.NotEqual(otherBefore, FloatArray.Of(other));
        }
        Assert.Equal(otherBefore, FloatArray.Of(other));
        foreach (Parameter weight in model.parameters())
            weight.requires_grad = false;
        Assert.Equal(Evaluator.Measure(model, SmallModels.Text, rows: 1).Total,
            Evaluator.Measure(dynamic, SmallModels.Text, rows: 1).Total, 1e-2);
    }
}
