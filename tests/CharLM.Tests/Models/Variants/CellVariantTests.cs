using CharLM.Checkpoints;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Models.Cells;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.PyTorch;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Variants;

/// <summary>Every published variant of a cell, against its paper's equations in plain loops.</summary>
public sealed class CellVariantTests
{
    private const int Input = 3, Hidden = 2, Steps = 6, Vocab = 7;

    public static TheoryData<CellKind, CellVariant> Variants => new()
    {
        { CellKind.Lstm, CellVariant.NoForgetGate },
        { CellKind.Lstm, CellVariant.Peephole },
        { CellKind.Lstm, CellVariant.CoupledGates },
        { CellKind.Lstm, CellVariant.Minimal },
        { CellKind.Gru, CellVariant.Minimal },
        { CellKind.Gru, CellVariant.ResetGateOnly },
        { CellKind.Gru, CellVariant.UpdateGateOnly },
        { CellKind.Lstm, CellVariant.NoOutputTanh },
    };

    private static ModelConfig Config(CellKind cell, CellVariant variant, int layers = 1) =>
        new() { Cell = cell, Variant = variant, Implementation = Implementation.Custom, NumLayers = layers, NumHiddens = Hidden };

    private static CellStack Layer(ModelConfig config)
    {
        manual_seed(5);
        CellStack layer = new CellStack(config, Input);
        layer.to(ScalarType.Float64);
        using IDisposable unrecorded = no_grad();
        foreach (Parameter parameter in layer.parameters())
            parameter.normal_();
        return layer;
    }

    private static double[] Values(Tensor tensor) => tensor.contiguous().data<double>().ToArray();

    private static RecurrentState RandomState(ModelConfig config) => new(
        randn(config.NumLayers, 1, Hidden, dtype: ScalarType.Float64),
        config.HasCellState ? randn(config.NumLayers, 1, Hidden, dtype: ScalarType.Float64) : null);

    [Theory]
    [MemberData(nameof(Variants))]
    public void Sequence_AnyVariant_FollowsItsPapersEquations(CellKind cell, CellVariant variant)
    {
        using DisposeScope scope = NewDisposeScope();
        ModelConfig config = Config(cell, variant);
        using CellStack layer = Layer(config);
        Tensor inputs = randn(Steps, 1, Input, dtype: ScalarType.Float64);
        RecurrentState begin = RandomState(config);

        (Tensor outputs, RecurrentState end) = layer.Sequence(inputs, begin);

        double[] h = Values(begin.Hidden), c = begin.Cell is null ? [] : Values(begin.Cell);
        for (int step = 0; step < Steps; step++)
        {
            double[] x = Values(inputs[step]);
            double[] sums = [.. Enumerable.Range(0, CellGates.Of(cell, variant).Count * Hidden).Select(row => Sum(layer, row, x, h))];
            (h, c) = Step(layer, cell, variant, sums, h, c);
            Assert.Equal(h, Values(outputs[step]), (a, b) => Math.Abs(a - b) < 1e-10 * (1 + Math.Abs(a)));
        }
        Assert.Equal(h, Values(end.Hidden), (a, b) => Math.Abs(a - b) < 1e-10 * (1 + Math.Abs(a)));
        Assert.Equal(config.HasCellState, end.Cell is not null);
        if (end.Cell is not null)
            Assert.Equal(c, Values(end.Cell), (a, b) => Math.Abs(a - b) < 1e-10);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Backward_AnyVariant_GivesTheDifferenceQuotients(CellKind cell, CellVariant variant)
    {
        using DisposeScope scope = NewDisposeScope();
        ModelConfig config = Config(cell, variant, layers: 2);
        using CellStack layer = Layer(config);
        Tensor inputs = randn(Steps, 1, Input, dtype: ScalarType.Float64), weights = randn(Steps, 1, Hidden, dtype: ScalarType.Float64);
        RecurrentState begin = RandomState(config);
        Tensor Loss() => (layer.Sequence(inputs, begin).Outputs * weights).sum();

        Loss().backward();

        using IDisposable unrecorded = no_grad();
        const double Little = 1e-6;
        foreach ((string name, Parameter parameter) in layer.named_parameters())
        {
            Tensor values = parameter.view(-1), gradients = parameter.grad!.view(-1);
            for (long i = 0; i < values.numel(); i++)
            {
                values[i].add_(Little);
                double above = Loss().ToDouble();
                values[i].sub_(2 * Little);
                double below = Loss().ToDouble();
                values[i].add_(Little);
                Assert.True(Math.Abs(((above - below) / (2 * Little)) - gradients[i].ToDouble()) < 1e-6 * (
                    1 + Math.Abs(gradients[i].ToDouble())), $"{name}[{i}]");
            }
        }
    }

    [Theory]
    [InlineData(CellKind.Gru)]
    [InlineData(CellKind.Lstm)]
    public void Sequence_MinimalCellOverAThousandSteps_EqualsStepAfterStep(CellKind cell)
    {
        // float32, with gates far from 1/2: a product of a thousand of them underflows.
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        ModelConfig config = Config(cell, CellVariant.Minimal);
        using CellStack layer = Layer(config);
        layer.to(ScalarType.Float32);
        Tensor inputs = randn(1000, 4, Input);

        (Tensor outputs, RecurrentState end) = layer.Sequence(inputs, layer.ZeroState(4));

        RecurrentState state = layer.ZeroState(4);
        for (int step = 0; step < 1000; step++)
        {
            (Tensor output, state) = layer.Step(inputs[step], state);
            Assert.True(allclose(output, outputs[step], 1e-4, 1e-5), $"step {step}");
        }
        Assert.True(allclose(state.Hidden, end.Hidden, 1e-4, 1e-5));
    }

    [Theory]
    [InlineData(CellKind.Gru)]
    [InlineData(CellKind.Lstm)]
    public void Sequence_MinimalCellInBothDirections_ReadsTheSecondBackwards(CellKind cell)
    {
        using DisposeScope scope = NewDisposeScope();
        using CellStack both = Layer(Config(cell, CellVariant.Minimal) with { Bidirectional = true });
        using CellStack one = Layer(Config(cell, CellVariant.Minimal));
        using (no_grad())
        {
            foreach ((string name, Parameter parameter) in one.named_parameters())
                parameter.copy_(both.get_parameter($"{name}_reverse")!);
        }
        Tensor inputs = randn(Steps, 2, Input, dtype: ScalarType.Float64);
        Tensor expected = one.Sequence(inputs.flip(0), one.ZeroState(2)).Outputs.flip(0);
        Assert.True(allclose(both.Sequence(inputs, both.ZeroState(2)).Outputs.narrow(2, Hidden, Hidden), expected, 1e-12, 1e-12));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Checkpoint_AnyVariant_ComesBackAndGeneratesTheSame(CellKind cell, CellVariant variant)
    {
        using DisposeScope scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string path = folder.File("model.safetensors");
        ModelConfig config = Config(cell, variant, layers: 2) with { NumHiddens = 8, Init = WeightInit.Xavier };
        var vocab = CharLM.Tokenization.Vocab.Restore([CharLM.Tokenization.Vocab.Unknown, "a", "b", "c", "d", "e", "f"]);
        using var model = new LanguageModel(config, vocab.Count);
        Assert.Equal(
            WeightShapes.Of(config, vocab.Count).Select(entry => $"{entry.Key} [{string.Join(", ", entry.Value)}]").Order(),
            model.named_parameters().Select(entry => $"{entry.name} [{string.Join(", ", entry.parameter.shape)}]").Order());
        var checkpoint = new Checkpoint
        {
            Model = model.Config,
            Text = new TextConfig(),
            Vocab = vocab,
            Training = new TrainerConfig(),
            Corpus = new CorpusRecord("none", ""),
            Progress = new TrainingProgress(),
            Weights = Checkpoint.CopyWeights(model),
        };

        CheckpointFile.Write(path, checkpoint);
        Checkpoint read = CheckpointFile.Read(path);
        using LanguageModel again = read.BuildModel();

        Assert.Equal(variant, again.Config.Variant);
        Assert.Equal(Implementation.Custom, again.Config.Implementation);
        Assert.Equal(Continue(model, vocab), Continue(again, vocab));
        Assert.Contains("PyTorch has no",
            Assert.Throws<InvalidConfigException>(() => StateDictFile.Export(folder.File("export.safetensors"), read)).Message,
                StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void TrainEpoch_AnyVariant_Learns(CellKind cell, CellVariant variant)
    {
        manual_seed(1);
        using var model = new LanguageModel(Config(cell, variant) with { NumHiddens = 16, Init = WeightInit.Torch }, Vocab);
        int[] text = [.. Enumerable.Range(0, 600).Select(i => 1 + (i % 5))];
        using var trainer = new Trainer(
            model, new TrainerConfig { BatchSize = 4, NumSteps = 10, Optimizer = OptimizerKind.Adam, LearningRate = 0.05 }, text);
        for (int epoch = 0; epoch < 5; epoch++)
            trainer.TrainEpoch(epoch);
        Assert.InRange(trainer.TrainEpoch(5).Train.Perplexity, 1, 1.5); // each token determines the next
    }

    [Theory]
    [InlineData(CellKind.Rnn, CellVariant.Minimal, Implementation.Custom, "variant minimal is for the gru and lstm cells, not for rnn")]
    [InlineData(CellKind.Gru, CellVariant.Peephole, Implementation.Custom, "variant peephole is for the lstm cell, not for gru")]
    [InlineData(CellKind.Lstm, CellVariant.ResetGateOnly, Implementation.Custom,
        "variant reset-gate-only is for the gru cell, not for lstm")]
    [InlineData(CellKind.Lstm, CellVariant.CoupledGates, Implementation.Fused,
        "variant coupled-gates exists only in the custom implementation, not in fused: take --implementation custom")]
    [InlineData(CellKind.Gru, CellVariant.Minimal, Implementation.BuiltIn,
        "variant minimal exists only in the custom implementation, not in built-in: take --implementation custom")]
    public void Faults_VariantThatCannotBe_SaysWhyInOneSentence(
        CellKind cell, CellVariant variant, Implementation implementation, string error) =>
        Assert.Equal([error], (Config(cell, variant) with { Implementation = implementation }).Errors());

    [Fact]
    public void Faults_FormOfAResetGateThatIsMissing_IsRefused()
    {
        Assert.Equal(["gru-form says where a reset gate acts, which variant update-gate-only has not"],
            (Config(CellKind.Gru, CellVariant.UpdateGateOnly) with { GruForm = GruForm.ResetAfter }).Errors());
        Assert.Empty((Config(CellKind.Gru, CellVariant.ResetGateOnly) with { GruForm = GruForm.ResetAfter }).Errors());
    }

    [Fact]
    public void Sequence_ResetGateAfterTheProduct_ScalesTheProduct()
    {
        using DisposeScope scope = NewDisposeScope();
        using CellStack layer = Layer(Config(CellKind.Gru, CellVariant.ResetGateOnly) with { GruForm = GruForm.ResetAfter });
        Tensor x = randn(1, Input, dtype: ScalarType.Float64), h = randn(1, Hidden, dtype: ScalarType.Float64);
        Tensor[] fromX = nn.functional.linear(x, layer.get_parameter("weight_ih_l0")!, layer.get_parameter("bias_ih_l0")!).chunk(2, 1);
        Tensor[] fromH = nn.functional.linear(h, layer.get_parameter("weight_hh_l0")!, layer.get_parameter("bias_hh_l0")!).chunk(2, 1);
        Tensor expected = tanh(fromX[1] + (sigmoid(fromX[0] + fromH[0]) * fromH[1]));
        Assert.True(allclose(expected, layer.Step(x, new RecurrentState(h.unsqueeze(0))).Output, 1e-12, 1e-12));
    }

    [Fact]
    public void Faults_ForgetBiasWithoutAForgetGate_IsRefused() =>
        Assert.Equal(["forget-bias is for a forget gate of its own, which variant no-forget-gate has not"],
            (Config(CellKind.Lstm, CellVariant.NoForgetGate) with { ForgetBias = 1 }).Errors());

    [Fact]
    public void Create_ForgetBias_IsThatOfTheForgetGateAlone()
    {
        using var model = new LanguageModel(Config(CellKind.Lstm, CellVariant.Minimal) with { ForgetBias = 3 }, Vocab);
        Assert.Equal([0f, 0f, 3f, 3f, 0f, 0f], model.get_parameter("rnn.bias_ih_l0")!.data<float>().ToArray());
    }

    [Fact]
    public void Create_CustomWithTorchsInitialWeights_DrawsThemInTorchsRange()
    {
        manual_seed(1);
        using var model = new LanguageModel(
            new ModelConfig { Implementation = Implementation.Custom, NumHiddens = 100, Init = WeightInit.Torch }, Vocab);
        using Tensor weight = model.get_parameter("rnn.weight_hh_l0")!.abs();
        Assert.InRange(weight.max().ToDouble(), 0.099, 0.1); // 1 / sqrt(100)
        Assert.Equal(0.05, weight.mean().ToDouble(), 0.001);
    }

    private static string Continue(LanguageModel model, CharLM.Tokenization.Vocab vocab) =>
        string.Concat(new TextGenerator(model, vocab, Tokenizer.Create(TokenKind.Char))
            .Continue("abc", 40, new TokenSampler(Sampling.AtTemperature(1), 3)));

    private static double Sum(CellStack layer, int row, double[] x, double[] h)
    {
        double sum = At(layer, "bias_ih_l0", row);
        for (int i = 0; i < x.Length; i++)
            sum += At(layer, "weight_ih_l0", (row * x.Length) + i) * x[i];
        if (layer.get_parameter("weight_hh_l0") is null)
            return sum;
        sum += At(layer, "bias_hh_l0", row);
        for (int i = 0; i < h.Length; i++)
            sum += At(layer, "weight_hh_l0", (row * h.Length) + i) * h[i];
        return sum;
    }

    private static double At(CellStack layer, string name, int place) => layer.get_parameter(name)!.view(-1)[place].ToDouble();

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double G(double x) => x >= 0 ? x + 0.5 : Sigmoid(x);

    private static (double[] H, double[] C) Step(
        CellStack layer, CellKind cell, CellVariant variant, double[] sums, double[] h, double[] c)
    {
        (double[] newH, double[] newC) = ([.. h], [.. c]);
        for (int i = 0; i < Hidden; i++)
        {
            double Gate(int gate) => sums[(gate * Hidden) + i];
            switch (cell, variant)
            {
                case (CellKind.Gru, CellVariant.Minimal):
                    double z = Sigmoid(Gate(0));
                    newH[i] = ((1 - z) * h[i]) + (z * G(Gate(1)));
                    break;
                case (CellKind.Lstm, CellVariant.Minimal):
                    double input = Sigmoid(Gate(0)), forget = Sigmoid(Gate(1));
                    newH[i] = (forget / (forget + input) * h[i]) + (input / (forget + input) * G(Gate(2)));
                    break;
                case (_, CellVariant.ResetGateOnly):
                    // R * h takes the place of h in the product of the candidate.
                    newH[i] = Math.Tanh(Gate(1) + Enumerable.Range(0, Hidden).Sum(
                        j => At(layer, "weight_hh_l0", ((Hidden + i) * Hidden) + j) * (Sigmoid(sums[j]) - 1) * h[j]));
                    break;
                case (_, CellVariant.UpdateGateOnly):
                    newH[i] = (Sigmoid(Gate(0)) * h[i]) + ((1 - Sigmoid(Gate(0))) * Math.Tanh(Gate(1)));
                    break;
                case (_, CellVariant.NoOutputTanh):
                    newC[i] = (Sigmoid(Gate(1)) * c[i]) + (Sigmoid(Gate(0)) * Math.Tanh(Gate(2)));
                    newH[i] = Sigmoid(Gate(3)) * newC[i];
                    break;
                case (_, CellVariant.NoForgetGate):
                    newC[i] = c[i] + (Sigmoid(Gate(0)) * Math.Tanh(Gate(1)));
                    newH[i] = Sigmoid(Gate(2)) * Math.Tanh(newC[i]);
                    break;
                case (_, CellVariant.CoupledGates):
                    newC[i] = ((1 - Sigmoid(Gate(0))) * c[i]) + (Sigmoid(Gate(0)) * Math.Tanh(Gate(1)));
                    newH[i] = Sigmoid(Gate(2)) * Math.Tanh(newC[i]);
                    break;
                default:
                    double seen = c[i];
                    newC[i] = (Sigmoid(Gate(1) + (At(layer, "weight_cf_l0", i) * seen)) * seen)
                        + (Sigmoid(Gate(0) + (At(layer, "weight_ci_l0", i) * seen)) * Math.Tanh(Gate(2)));
                    newH[i] = Sigmoid(Gate(3) + (At(layer, "weight_co_l0", i) * newC[i])) * Math.Tanh(newC[i]);
                    break;
            }
        }
        return (newH, newC);
    }
}
