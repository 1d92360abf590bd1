using CharLM.Models;
using CharLM.Models.Fused;
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
