using CharLM.Models;
using CharLM.Models.Cells;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Models;

public sealed class LanguageModelTests
{
    private const int Vocab = 7, Batch = 3, Steps = 5;

    public static TheoryData<ModelConfig> Configs
    {
        get
        {
            var configs = new TheoryData<ModelConfig>();
            foreach (CellKind cell in StandardCells.All)
            {
                foreach (Implementation implementation in Enum.GetValues<Implementation>())
                {
                    foreach ((int layers, int embedding) in new[] { (1, 0), (2, 0), (2, 4) })
                        configs.Add(new ModelConfig
                        {
                            Cell = cell,
                            Implementation = implementation,
                            NumLayers = layers,
                            NumHiddens = 6,
                            EmbeddingSize = embedding,
                        });
                }
            }
            return configs;
        }
    }

    private static Tensor Ids(int rows = Batch, int steps = Steps) =>
        randint(0, Vocab, new long[] { rows, steps }, dtype: ScalarType.Int64);

    private static void CopyWeights(LanguageModel from, LanguageModel to)
    {
        using IDisposable unrecorded = no_grad();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in to.named_parameters())
            parameter.copy_(from.get_parameter(name)!);
    }

    [Theory]
    [MemberData(nameof(Configs))]
    public void Forward_AnyConfig_GivesLogitsStepByStepAndTheState(ModelConfig config)
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new LanguageModel(config, Vocab);
        (Tensor logits, RecurrentState state) = model.forward(Ids(), model.BeginState(Batch));

        Assert.Equal([Steps * Batch, Vocab], logits.shape);
        Assert.Equal([config.NumLayers, Batch, config.NumHiddens], state.Hidden.shape);
        Assert.Equal(config.Cell == CellKind.Lstm, state.Cell is not null);
    }

    [Theory]
    [MemberData(nameof(Configs))]
    public void Parameters_AnyConfig_HaveTheNamesAndShapesOfPyTorch(ModelConfig config)
    {
        using var model = new LanguageModel(config, Vocab);
        Assert.Equal(
            WeightShapes.Of(config, Vocab).OrderBy(entry => entry.Key, StringComparer.Ordinal)
                .Select(entry => $"{entry.Key} [{string.Join(", ", entry.Value)}]"),
            model.named_parameters().OrderBy(entry => entry.name, StringComparer.Ordinal)
                .Select(entry => $"{entry.name} [{string.Join(", ", entry.parameter.shape)}]"));
    }

    [Theory]
    [InlineData(CellKind.Rnn, 1)]
    [InlineData(CellKind.Rnn, 3)]
    [InlineData(CellKind.Gru, 1)]
    [InlineData(CellKind.Gru, 3)]
    [InlineData(CellKind.Lstm, 1)]
    [InlineData(CellKind.Lstm, 3)]
    public void Forward_CustomWithBuiltInWeights_GivesTheSameLogitsStateAndGradients(CellKind cell, int layers)
    {
        using DisposeScope scope = NewDisposeScope();
        GruForm? form = cell == CellKind.Gru ? GruForm.ResetAfter : null;
        var config = new ModelConfig
        {
            Cell = cell,
            Implementation = Implementation.BuiltIn,
            NumLayers = layers,
            NumHiddens = 6,
            GruForm = form,
        };
        using var builtIn = new LanguageModel(config, Vocab);
        using var custom = new LanguageModel(config with { Implementation = Implementation.Custom }, Vocab);
        builtIn.to(ScalarType.Float64);
        custom.to(ScalarType.Float64);
        CopyWeights(builtIn, custom);
        Tensor inputs = Ids(), targets = Ids();

        (Tensor expected, RecurrentState expectedState) = builtIn.forward(inputs, builtIn.BeginState(Batch));
        (Tensor actual, RecurrentState actualState) = custom.forward(inputs, custom.BeginState(Batch));
        nn.functional.cross_entropy(expected, LanguageModel.StepByStep(targets)).backward();
        nn.functional.cross_entropy(actual, LanguageModel.StepByStep(targets)).backward();

        Assert.True(allclose(actual, expected, 1e-10, 1e-12));
        Assert.True(allclose(actualState.Hidden, expectedState.Hidden, 1e-10, 1e-12));
        if (cell == CellKind.Lstm)
            Assert.True(allclose(actualState.Cell!, expectedState.Cell!, 1e-10, 1e-12));
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in custom.named_parameters())
            Assert.True(allclose(parameter.grad!, builtIn.get_parameter(name)!.grad!, 1e-9, 1e-12), name);
    }

    [Fact]
    public void Forward_GruResetBefore_FollowsTheBooksEquations()
    {
        using DisposeScope scope = NewDisposeScope();
        const int Hidden = 2;
        using var model = new LanguageModel(new ModelConfig { Implementation = Implementation.Custom, NumHiddens = Hidden }, Vocab);
        model.to(ScalarType.Float64);
        using (no_grad())
        {
            foreach (TorchSharp.Modules.Parameter parameter in model.parameters())
                parameter.normal_();
        }
        double[] W_ih = Values("rnn.weight_ih_l0"), W_hh = Values("rnn.weight_hh_l0"), b_ih = Values("rnn.bias_ih_l0"),
            b_hh = Values("rnn.bias_hh_l0");
        long[] tokens = [3, 1, 4];
        double[] H = new double[Hidden];
        foreach (long token in tokens)
        {
            // R and Z from x and H; the candidate from x and R * H; each gate's bias is the sum of both.
            double[] r = Gate(0, H, token, Sigmoid), z = Gate(1, H, token, Sigmoid);
            double[] n = Gate(2, [.. r.Zip(H, (x, y) => x * y)], token, Math.Tanh);
            H = [.. Enumerable.Range(0, Hidden).Select(i => z[i] * H[i] + (1 - z[i]) * n[i])];
        }

        (_, RecurrentState state) = model.forward(tensor(tokens, new long[] { 1, 3 }), model.BeginState(1));

        Assert.Equal(H, state.Hidden.data<double>().ToArray(), (x, y) => Math.Abs(x - y) < 1e-12);

        double[] Values(string name) => model.get_parameter(name)!.data<double>().ToArray();
        static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
        double[] Gate(int gate, double[] h, long token, Func<double, double> activation) =>
            [.. Enumerable.Range(gate * Hidden, Hidden).Select(row =>
            activation(W_ih[row * Vocab + token] + b_ih[row] + b_hh[row]
                + Enumerable.Range(0, Hidden).Sum(k => W_hh[row * Hidden + k] * h[k])))];
    }

    [Theory]
    [MemberData(nameof(Configs))]
    public void Forward_StateCarried_EqualsOneLongSequence(ModelConfig config)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using var model = new LanguageModel(config, Vocab);
        Tensor ids = Ids(steps: 6);

        (Tensor whole, RecurrentState end) = model.forward(ids, model.BeginState(Batch));
        (Tensor first, RecurrentState middle) = model.forward(ids.narrow(1, 0, 4), model.BeginState(Batch));
        (Tensor second, RecurrentState last) = model.forward(ids.narrow(1, 4, 2), middle);

        Assert.True(allclose(whole, cat([first, second]), 1e-5, 1e-6));
        Assert.True(allclose(end.Hidden, last.Hidden, 1e-5, 1e-6));
    }

    [Theory]
    [MemberData(nameof(Configs))]
    public void Step_TokenByToken_EqualsTheSequence(ModelConfig config)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        const int Input = 4;
        IRecurrentLayer layer = config.Implementation == Implementation.Custom ? new CellStack(config, Input)
            : new BuiltInLayer(config, Input);
        using nn.Module weights = layer.Weights;
        Tensor inputs = randn(Steps, Batch, Input);

        (Tensor outputs, RecurrentState end) = layer.Sequence(inputs, layer.ZeroState(Batch));
        RecurrentState state = layer.ZeroState(Batch);
        for (int step = 0; step < Steps; step++)
        {
            (Tensor output, state) = layer.Step(inputs[step], state);
            Assert.True(allclose(output, outputs[step], 1e-5, 1e-6));
        }
        Assert.True(allclose(state.Hidden, end.Hidden, 1e-5, 1e-6));
    }

    [Theory]
    [InlineData(Implementation.Custom)]
    [InlineData(Implementation.BuiltIn)]
    public void Forward_LstmOf32Layers_Runs(Implementation implementation)
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new LanguageModel(
            new ModelConfig { Cell = CellKind.Lstm, Implementation = implementation, NumLayers = 32, NumHiddens = 8 }, Vocab);
        (Tensor logits, _) = model.forward(Ids(), model.BeginState(Batch));
        logits.sum().backward();
        Assert.All(model.parameters(), parameter => Assert.NotNull(parameter.grad));
    }

    [Theory]
    [InlineData(Implementation.Custom)]
    [InlineData(Implementation.BuiltIn)]
    public void Forward_DropoutInTraining_ChangesLogitsAndNotInEvaluation(Implementation implementation)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using var model = new LanguageModel(
            new ModelConfig { Implementation = implementation, NumLayers = 2, NumHiddens = 16, Dropout = 0.5 }, Vocab);
        Tensor ids = Ids();
        Tensor Logits() => model.forward(ids, model.BeginState(Batch)).Logits;
        model.train();
        Assert.False(allclose(Logits(), Logits()));
        model.eval();
        Assert.True(allclose(Logits(), Logits()));
    }

    [Fact]
    public void Detach_State_CutsTheGraph()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new LanguageModel(new ModelConfig { Cell = CellKind.Lstm, NumHiddens = 4 }, Vocab);
        (_, RecurrentState state) = model.forward(Ids(), model.BeginState(Batch));
        Assert.True(state.Hidden.requires_grad && state.Cell!.requires_grad);
        RecurrentState detached = state.Detach();
        Assert.False(detached.Hidden.requires_grad || detached.Cell!.requires_grad);
    }

    [Fact]
    public void Create_CustomModel_StartsAsTheBooks()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(1);
        using var model = new LanguageModel(new ModelConfig { Implementation = Implementation.Custom, NumHiddens = 200 }, 30);
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
        {
            if (name.Contains("bias", StringComparison.Ordinal))
                Assert.True(parameter.eq(0).all().ToBoolean(), name);
            else
                Assert.Equal(0.01, parameter.std().ToDouble(), 0.0005);
        }
    }

    [Fact]
    public void Create_FaultyConfig_Throws() =>
        Assert.Throws<InvalidConfigException>(() => new LanguageModel(new ModelConfig { NumHiddens = 0 }, Vocab));
}
