using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Gemm;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Fused;

public sealed class FusedLayerTests
{
    private const int Input = 6, Batch = 5, Steps = 7;

    private static (FusedLayer Fused, BuiltInLayer BuiltIn) Pair(CellKind cell, int layers)
    {
        var config = new ModelConfig { Cell = cell, NumLayers = layers, NumHiddens = 20 };
        var fused = new FusedLayer(config, Input);
        var builtIn = new BuiltInLayer(config, Input);
        using IDisposable unrecorded = no_grad();
        foreach ((string name, Parameter parameter) in fused.Weights.named_parameters())
            parameter.copy_(builtIn.Weights.get_parameter(name)!);
        return (fused, builtIn);
    }

    [Theory]
    [InlineData(CellKind.Rnn, 1)]
    [InlineData(CellKind.Gru, 2)]
    [InlineData(CellKind.Lstm, 1)]
    [InlineData(CellKind.Lstm, 3)]
    public void Sequence_AnyCell_HasOutputsStateAndAllGradientsOfTorch(CellKind cell, int layers)
    {
        using DisposeScope scope = NewDisposeScope();
        (FusedLayer fused, BuiltInLayer builtIn) = Pair(cell, layers);
        using (fused)
        {
            Tensor data = randn(Steps, Batch, Input), hidden = randn(layers, Batch, 20), mix = randn(Steps, Batch, 20),
                mixState = randn(layers, Batch, 20);
            var results = new List<Dictionary<string, Tensor>>();
            foreach (IRecurrentLayer layer in new IRecurrentLayer[] { fused, builtIn })
            {
                Tensor input = data.clone().requires_grad_(true), h = hidden.clone().requires_grad_(true),
                    c = hidden.clone().requires_grad_(true);
                (Tensor outputs, RecurrentState state) = layer.Sequence(input, new RecurrentState(h, cell == CellKind.Lstm ? c : null));
                Tensor loss = (outputs * mix).sum() + (state.Hidden * mixState).sum();
                if (state.Cell is not null)
                    loss += (state.Cell * mixState).sum();
                loss.backward();
                var result = new Dictionary<string,
                    Tensor>
                {
                    ["outputs"] = outputs,
                    ["hidden"] = state.Hidden,
                    ["input gradient"] = input.grad!,
                    ["hidden gradient"] = h.grad!
                };
                if (cell == CellKind.Lstm)
                    (result["cell"], result["cell gradient"]) = (state.Cell!, c.grad!);
                foreach ((string name, Parameter parameter) in layer.Weights.named_parameters())
                    result[name] = parameter.grad!;
                results.Add(result);
            }
            foreach ((string name, Tensor expected) in results[1])
                Assert.True(allclose(results[0][name], expected, 1e-4, 1e-5), name);
        }
    }

    // Its dropout follows from the seed alone, however often the layer was used before, so that a resumed run goes on bit by bit.
    [Fact]
    public void Sequence_Dropout_DependsOnTheSeedAlone()
    {
        using DisposeScope scope = NewDisposeScope();
        using var layer = new FusedLayer(new ModelConfig { Cell = CellKind.Gru, NumLayers = 2, NumHiddens = 20, Dropout = 0.5 }, Input);
        Tensor data = randn(Steps, Batch, Input);
        Tensor first = Output(1), other = Output(2);
        Assert.True(first.Equals(Output(1)));
        Assert.False(allclose(first, other));

        Tensor Output(long seed)
        {
            manual_seed(seed);
            return layer.Sequence(data, layer.ZeroState(Batch)).Outputs;
        }
    }

    [Fact]
    public void Sequence_TwoBeforeGoingBack_KeepsThemApart()
    {
        using DisposeScope scope = NewDisposeScope();
        (FusedLayer fused, BuiltInLayer builtIn) = Pair(CellKind.Gru, 1);
        using (fused)
        {
            Tensor a = randn(Steps, Batch, Input), b = randn(Steps, Batch, Input);
            foreach (IRecurrentLayer layer in new IRecurrentLayer[] { fused, builtIn })
            {
                Tensor first = layer.Sequence(a, layer.ZeroState(Batch)).Outputs,
                    second = layer.Sequence(b, layer.ZeroState(Batch)).Outputs;
                (first * second).sum().backward();
            }
            foreach ((string name, Parameter parameter) in fused.Weights.named_parameters())
                Assert.True(allclose(parameter.grad!, builtIn.Weights.get_parameter(name)!.grad!, 1e-4, 1e-5), name);
        }
    }

    [Fact]
    public void Sequence_WithoutGradients_RecordsNothing()
    {
        using DisposeScope scope = NewDisposeScope();
        (FusedLayer fused, _) = Pair(CellKind.Lstm, 1);
        using (fused)
        using (no_grad())
            Assert.False(fused.Sequence(randn(Steps, Batch, Input), fused.ZeroState(Batch)).Outputs.requires_grad);
    }

    // Working memory for gradients is not made, and the rest is used again: a text of many tokens takes the memory of one.
    [Fact]
    public void Sequence_ManyWithoutGradients_TakeTheMemoryOfOne()
    {
        const int Calls = 100, Units = 512;
        using var layer = new FusedLayer(new ModelConfig { Cell = CellKind.Lstm, NumHiddens = Units }, Input);
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor data = randn(1, 1, Input);
        long before = PanelBuffer.LiveBytes;
        for (int call = 0; call < Calls; call++)
            layer.Sequence(data, layer.ZeroState(1));
        // Weights and their packed copies; other tests run meanwhile.
        Assert.InRange(PanelBuffer.LiveBytes - before, long.MinValue, Calls / 4 * (4L * Units * Units * sizeof(float)));
    }

    [Fact]
    public void Sequence_OtherType_IsRefused()
    {
        using DisposeScope scope = NewDisposeScope();
        (FusedLayer fused, _) = Pair(CellKind.Gru, 1);
        using (fused)
        {
            fused.Weights.to(ScalarType.Float64);
            Assert.ThrowsAny<Exception>(
                () => fused.Sequence(randn(Steps, Batch, Input, dtype: ScalarType.Float64), fused.ZeroState(Batch)));
        }
    }
}
