using CharLM.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Models;

/// <summary>Initial weights: every gate is initialized as its own matrix, although one tensor holds several.</summary>
public sealed class InitialWeightsTests
{
    private const int Hidden = 24, Vocab = 30;

    public static TheoryData<CellKind, Implementation> Kinds =>
        [.. Enum.GetValues<CellKind>().SelectMany(cell => Enum.GetValues<Implementation>()
            .Select(implementation => (cell, implementation)))];

    private static LanguageModel Model(CellKind cell, Implementation implementation, ModelConfig rest) =>
        new(rest with { Cell = cell, Implementation = implementation, NumHiddens = Hidden }, Vocab);

    /// <summary>
    /// Saxe, McClelland and Ganguli 2014: the rows of a gate's recurrent matrix are orthonormal.
    /// </summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Create_Orthogonal_EveryGatesRecurrentMatrixIs(CellKind cell, Implementation implementation)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using LanguageModel model = Model(cell, implementation, new ModelConfig { NumLayers = 2, Init = WeightInit.Orthogonal });
        foreach (string name in new[] { "rnn.weight_hh_l0", "rnn.weight_hh_l1" })
        {
            foreach (Tensor gate in model.get_parameter(name)!.split(Hidden))
                Assert.True(allclose(gate.matmul(gate.t()), eye(Hidden), 1e-4, 1e-4), name);
        }
    }

    /// <summary>Glorot and Bengio 2010: uniform within ±sqrt(6 / (inputs + outputs)) of one gate.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Create_Xavier_FillsTheRangeOfEveryGate(CellKind cell, Implementation implementation)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using LanguageModel model = Model(cell, implementation, new ModelConfig { EmbeddingSize = 10, Init = WeightInit.Xavier });
        foreach ((string name, int rows, int columns) in new[] { ("rnn.weight_ih_l0", Hidden, 10), ("rnn.weight_hh_l0", Hidden, Hidden),
            ("linear.weight", Vocab, Hidden), ("embedding.weight", Vocab, 10) })
        {
            double bound = Math.Sqrt(6.0 / (rows + columns));
            // Of at least 240 draws, the greatest is hardly ever below nine tenths of the bound.
            foreach (Tensor gate in model.get_parameter(name)!.split(rows))
                Assert.InRange(gate.abs().max().ToDouble(), 0.9 * bound, bound);
        }
        Assert.All(model.named_parameters().Where(entry => entry.parameter.dim() == 1),
            entry => Assert.Equal(0, entry.parameter.abs().max().ToDouble()));
    }

    /// <summary>
    /// Jozefowicz, Zaremba and Sutskever 2015: the initial bias of the forget gate, which PyTorch's cells split in two.
    /// </summary>
    [Theory]
    [InlineData(Implementation.Custom, CellVariant.Standard, 1)]
    [InlineData(Implementation.BuiltIn, CellVariant.Standard, 1)]
    [InlineData(Implementation.Fused, CellVariant.Standard, 1)]
    [InlineData(Implementation.Custom, CellVariant.Peephole, 1)]
    [InlineData(Implementation.Custom, CellVariant.Minimal, 1)]
    public void Create_ForgetBias_IsTheSumOfBothBiases(Implementation implementation, CellVariant variant, int place)
    {
        using DisposeScope scope = NewDisposeScope();
        var config = new ModelConfig
        {
            Cell = CellKind.Lstm,
            Implementation = implementation,
            Variant = variant,
            NumHiddens = 5,
            NumLayers = 2,
            ForgetBias = 1.5
        };
        using var model = new LanguageModel(config, Vocab);
        for (int layer = 0; layer < 2; layer++)
        {
            Tensor bias = model.get_parameter($"rnn.bias_ih_l{layer}")!;
            if (variant != CellVariant.Minimal)
                bias = bias + model.get_parameter($"rnn.bias_hh_l{layer}")!;
            Assert.Equal(Enumerable.Repeat(1.5f, 5), FloatArray.Of(bias.narrow(0, place * 5, 5)));
            Assert.All(FloatArray.Of(bias.narrow(0, 0, 5)), value => Assert.True(Math.Abs(value) < 1));
        }
    }
}
