using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Passes;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Fused;

/// <summary>Weight dropout: how many weights, by which factor, for how long; in the kernels and from the equations.</summary>
public sealed unsafe class WeightDropoutTests
{
    private const int Rows = 301, Columns = 203;

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void Forward_LeavesOutThatPartAndScalesTheRest(double probability)
    {
        using PanelBuffer values = Ones(), gradients = Ones();
        using var dropout = new WeightDropout(Weight(values, gradients), Columns, probability) { Key = 7 };
        float[] left = new ReadOnlySpan<float>(dropout.Forward(0, Rows), Rows * Columns).ToArray();
        Assert.All(left, value => Assert.True(value == 0 || value == (float)(1 / (1 - probability))));
        // Five standard deviations of a binomial count.
        double n = left.Length, expected = n * probability, deviation = Math.Sqrt(n * probability * (1 - probability));
        Assert.InRange(left.Count(value => value == 0), expected - (5 * deviation), expected + (5 * deviation));
        Assert.All(Of(values), value => Assert.Equal(1, value));
    }

    // Whichever worker computes which rows, the same weights are dropped, forwards and backwards.
    [Fact]
    public void ForwardAndBackward_InPieces_LeaveOutTheSame()
    {
        using PanelBuffer values = Ones(), gradients = Ones();
        using var whole = new WeightDropout(Weight(values, gradients), Columns, 0.4) { Key = 3 };
        using var pieces = new WeightDropout(Weight(values, gradients), Columns, 0.4) { Key = 3 };
        float[] expected = new ReadOnlySpan<float>(whole.Forward(0, Rows), Rows * Columns).ToArray();
        foreach ((int first, int rows) in new[] { (100, 201), (0, 1), (1, 99) })
        {
            Assert.Equal(expected.AsSpan(first * Columns, rows * Columns),
                new ReadOnlySpan<float>(pieces.Forward(first, rows), rows * Columns));
            pieces.Backward(first, rows);
        }
        Assert.Equal(expected, Of(gradients));
    }

    [Fact]
    public void OtherKey_LeavesOutOthers_AndNoKeyNone()
    {
        using PanelBuffer values = Ones(), gradients = Ones();
        using var dropout = new WeightDropout(Weight(values, gradients), Columns, 0.5) { Key = 1 };
        float[] first = new ReadOnlySpan<float>(dropout.Forward(0, Rows), Rows * Columns).ToArray();
        dropout.Key = 2;
        float[] second = new ReadOnlySpan<float>(dropout.Forward(0, Rows), Rows * Columns).ToArray();
        Assert.InRange(first.Zip(second).Count(pair => pair.First == pair.Second) / (double)first.Length, 0.48, 0.52);
        dropout.Key = null;
        Assert.All(new ReadOnlySpan<float>(dropout.Forward(0, Rows), Rows * Columns).ToArray(), value => Assert.Equal(1, value));
    }

    [Theory]
    [InlineData(CellKind.Rnn, Implementation.Custom)]
    [InlineData(CellKind.Gru, Implementation.Custom)]
    [InlineData(CellKind.Lstm, Implementation.Custom)]
    [InlineData(CellKind.Lstm, Implementation.Fused)]
    public void Layer_DropsInTrainingOnly(CellKind cell, Implementation implementation)
    {
        using var scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        manual_seed(1);
        var config = new ModelConfig
        {
            Cell = cell,
            Implementation = implementation,
            NumHiddens = 24,
            WeightDropout = 0.5,
            Init = WeightInit.Xavier,
        };
        IRecurrentLayer layer = RecurrentLayers.Create(config, inputSize: 6);
        using nn.Module weights = layer.Weights;
        Tensor inputs = randn(5, 2, 6);
        float[] Read() => layer.Sequence(inputs, layer.ZeroState(2)).Outputs.flatten().data<float>().ToArray();

        weights.train();
        Assert.NotEqual(Read(), Read());
        weights.eval();
        Assert.Equal(Read(), Read());
    }

    [Theory]
    [InlineData(Implementation.BuiltIn, CellVariant.Standard, "weight-dropout is not for the built-in implementation")]
    [InlineData(Implementation.Custom, CellVariant.Minimal, "which variant minimal has not")]
    public void ConfigThatCannotDropWeights_IsRefused(Implementation implementation, CellVariant variant, string error) =>
        Assert.Contains(new ModelConfig { Implementation = implementation, Variant = variant, WeightDropout = 0.2 }.Errors(), told =>
            told.Contains(error, StringComparison.Ordinal));

    private static PanelBuffer Ones()
    {
        var buffer = new PanelBuffer((long)Rows * Columns);
        new Span<float>(buffer.Data, Rows * Columns).Fill(1);
        return buffer;
    }

    private static float[] Of(PanelBuffer buffer) => new ReadOnlySpan<float>(buffer.Data, Rows * Columns).ToArray();

    private static RawWeight Weight(PanelBuffer values, PanelBuffer gradients) =>
        new("weight", values.Data, gradients.Data, [Rows, Columns]);
}
