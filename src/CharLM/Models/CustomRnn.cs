using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>Elman's recurrent network from its equation (Dive into Deep Learning v0.17, 8.5).</summary>
public sealed class CustomRnn(ModelConfig config, int inputSize) : CustomLayer(config, inputSize, numGates: 1)
{
    /// <inheritdoc/>
    protected override (Tensor H, Tensor? C) Step(Tensor X, Tensor H, Tensor? C, LayerWeights W)
    {
        ArgumentNullException.ThrowIfNull(W);
        return (tanh(W.FromInput(X) + W.FromHidden(H)), null);
    }
}
