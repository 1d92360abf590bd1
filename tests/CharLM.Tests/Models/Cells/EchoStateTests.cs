using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Models.Cells;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Inspection;
using CharLM.Workbench.PyTorch;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Cells;

/// <summary>Echo-state networks: the reservoir's equation and its fixed weights.</summary>
public sealed class EchoStateTests
{
    private const int Vocab = 7;

    private static ModelConfig Config(int hidden = 40) =>
        new() { Cell = CellKind.Esn, Implementation = Implementation.Custom, NumHiddens = hidden };

    private static LanguageModel Model(ModelConfig config)
    {
        manual_seed(4);
        return new LanguageModel(config, Vocab);
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.3)]
    public void Step_AnyLeakRate_IsThePapersEquation(double leak)
    {
        using DisposeScope scope = NewDisposeScope();
        using var cell = new EchoStateCell(3, 5, leak);
        cell.to(ScalarType.Float64);
        Tensor Drawn(string name) => cell.get_parameter(name)!.copy_(randn(cell.get_parameter(name)!.shape));
        using IDisposable unrecorded = no_grad();
        Tensor wIn = Drawn("weight_ih"), w = Drawn("weight_hh"), b = Drawn("bias_ih");
        Tensor x = randn(1, 3, dtype: ScalarType.Float64), h = randn(1, 5, dtype: ScalarType.Float64);
        Tensor expected = ((1 - leak) * h) + (leak * tanh(x.mm(wIn.t()) + b + h.mm(w.t())));
        Assert.True(allclose(expected, cell.call(x, [h])[0], 1e-12, 1e-12));
    }

    [Theory]
    [InlineData(0.0, 0.9)]
    [InlineData(0.5, 0.0)]
    [InlineData(1.25, 0.9)]
    [InlineData(10.0, 0.99)]
    public void Create_AnyReservoir_HasTheSpectralRadiusAndTheSparsity(double radius, double sparsity)
    {
        using DisposeScope scope = NewDisposeScope();
        using LanguageModel model = Model(Config() with
        {
            NumLayers = 2,
            SpectralRadius = radius,
            Sparsity = sparsity,
            InputScaling = 0.5,
        });
        foreach (string place in new[] { "l0", "l1" })
        {
            Tensor w = model.get_parameter($"rnn.weight_hh_{place}")!;
            Assert.Equal(radius, linalg.eigvals(w.to_type(ScalarType.Float64)).abs().max().ToDouble(), 1e-4);
            if (radius > 0)
                Assert.Equal(Math.Max(1, Math.Round((1 - sparsity) * 40)) * 40, w.count_nonzero().ToDouble());
        }
        // One-hot inputs add one weight each; a layer above reads 40 values.
        Assert.InRange(model.get_parameter("rnn.weight_ih_l0")!.abs().max().ToDouble(), 0.4, 0.5);
        Assert.InRange(model.get_parameter("rnn.weight_ih_l1")!.abs().max().ToDouble(), 0.07, 0.5 / Math.Sqrt(40) + 1e-6);
        using LanguageModel again = Model(model.Config);
        Assert.Equal(FloatArray.Of(model.get_parameter("rnn.weight_hh_l1")!), FloatArray.Of(again.get_parameter("rnn.weight_hh_l1")!));
    }

    [Fact]
    public void Create_OneUnit_HasTheSpectralRadius()
    {
        using LanguageModel model = Model(Config(hidden: 1) with { SpectralRadius = 0.7 });
        Assert.Equal(0.7, Math.Abs(model.get_parameter("rnn.weight_hh_l0")!.ToDouble()), 1e-6);
    }

    [Fact]
    public void TrainEpoch_ByGradients_ChangesTheOutputAlone()
    {
        using LanguageModel model = Model(Config() with { NumLayers = 2 });
        Dictionary<string, float[]> before = Values(model);
        int[] text = [.. Enumerable.Range(0, 600).Select(i => 1 + (i % 5))];
        using var trainer = new Trainer(
            model, new TrainerConfig { BatchSize = 4, NumSteps = 10, Optimizer = OptimizerKind.Adam, LearningRate = 0.05 }, text);
        for (int epoch = 0; epoch < 3; epoch++)
            trainer.TrainEpoch(epoch);
        Assert.InRange(trainer.TrainEpoch(3).Train.Perplexity, 1, 1.3);
        Dictionary<string, float[]> after = Values(model);
        Assert.All(before, weight => Assert.Equal(weight.Key.StartsWith("rnn", StringComparison.Ordinal),
            weight.Value.SequenceEqual(after[weight.Key])));
        Assert.Equal(model.NumParameters - (41 * Vocab), trainer.NumFrozen);
    }

    [Fact]
    public void Checkpoint_OfAReservoir_ComesBackIsInspectedAndNotExported()
    {
        using DisposeScope scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using LanguageModel model = Model(Config() with { NumLayers = 2, LeakRate = 0.4, SpectralRadius = 0.8 });
        Assert.Equal(
            WeightShapes.Of(model.Config, Vocab).Select(entry => $"{entry.Key} [{string.Join(", ", entry.Value)}]").Order(),
            model.named_parameters().Select(entry => $"{entry.name} [{string.Join(", ", entry.parameter.shape)}]").Order());
        string path = folder.File("esn.safetensors");
        CheckpointFile.Write(path, new Checkpoint
        {
            Model = model.Config,
            Text = new TextConfig(),
            Vocab = CharLM.Tokenization.Vocab.Restore([CharLM.Tokenization.Vocab.Unknown, "a", "b", "c", "d", "e", "f"]),
            Training = new TrainerConfig(),
            Corpus = new CorpusRecord("none", ""),
            Progress = new TrainingProgress(),
            Weights = Checkpoint.CopyWeights(model),
        });
        Checkpoint read = CheckpointFile.Read(path);
        using LanguageModel again = read.BuildModel();
        Assert.Equal(model.Config, again.Config);
        Assert.Equal(Values(model).Values, Values(again).Values);
        Assert.All(again.named_parameters(), entry => Assert.Equal(entry.name.StartsWith("linear", StringComparison.Ordinal),
            entry.parameter.requires_grad));
        // The traced activations are torch's states.
        int[] ids = [1, 4, 2, 2, 6];
        RecurrentState state = model.BeginState(1);
        using (no_grad())
            (_, state) = model.forward(tensor(ids, [1, 5], ScalarType.Int64), state);
        ActivationTrace trace = ActivationTrace.Of(read, ids);
        Assert.Equal(FloatArray.Of(state.Hidden[1, 0]), trace.Series[1].Values[^40..].ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal("PyTorch has no echo-state network: it would not know what to do with these weights",
            Assert.Throws<InvalidConfigException>(() => StateDictFile.Export(folder.File("export.safetensors"), read)).Message);
    }

    [Fact]
    public void Errors_ReservoirThatCannotBe_SaysWhy()
    {
        Assert.Empty(Config().Errors());
        Assert.Empty((Config() with { SpectralRadius = 0, Sparsity = 0, LeakRate = 1, InputScaling = 1000 }).Errors());
        Assert.Equal(["the esn cell exists only in the custom implementation, not in fused: take --implementation custom"],
            (Config() with { Implementation = Implementation.Fused }).Errors());
        Assert.Equal(["spectral-radius is for the esn cell, not for gru", "sparsity is for the esn cell, not for gru"],
            new ModelConfig { SpectralRadius = 0.9, Sparsity = 0.5 }.Errors());
        Assert.Equal(["spectral-radius must be 0 to 10, not 10.5", "leak-rate must be above 0 and at most 1, not 0",
            "input-scaling must be above 0 and at most 1000, not NaN", "sparsity must be at least 0 and below 1, not 1"],
            (Config() with { SpectralRadius = 10.5, LeakRate = 0, InputScaling = double.NaN, Sparsity = 1 }).Errors());
        Assert.Equal(["hidden must be 1 to 8192 for the esn cell, whose eigenvalues are computed, not 8193"], Config(8193).Errors());
        Assert.Equal(["variant minimal is for the gru and lstm cells, not for esn"],
            (Config() with { Variant = CellVariant.Minimal }).Errors());
        Assert.Contains("the esn cell is for language models", SequenceEncoder.Errors(Config()));
    }

    private static Dictionary<string, float[]> Values(LanguageModel model) =>
        model.named_parameters().ToDictionary(entry => entry.name, entry => FloatArray.Of(entry.parameter));
}
