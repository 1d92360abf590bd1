using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Models.Cells;

/// <summary>Elman's recurrent network from its equation (Dive into Deep Learning v0.17, 8.5).</summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
public sealed class CustomRnn(ModelConfig config, int inputSize) : CustomLayer(config, inputSize)
{
    private readonly RnnActivation _activation = config.RnnActivation;

    /// <inheritdoc/>
    protected override (Tensor H, Tensor? C) Step(Tensor X, Tensor H, Tensor? C, LayerWeights W)
    {
        ArgumentNullException.ThrowIfNull(W);
        Tensor sum = Add(W.FromInput(X), W.FromHidden(H));                   // [batch, hidden]
        return (_activation == RnnActivation.Relu ? nn.functional.relu(sum) : tanh(sum), null);
    }
}
