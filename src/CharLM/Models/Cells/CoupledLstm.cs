using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Models.Cells;

/// <summary>
/// Long short-term memory with coupled input and forget gates, f = 1 - i (Greff et al., LSTM: A Search Space Odyssey, 2017,
/// their CIFG). Gates lie in the order input, candidate, output.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
public sealed class CoupledLstm(ModelConfig config, int inputSize) : CustomLayer(config, inputSize)
{
    /// <inheritdoc/>
    protected override (Tensor H, Tensor? C) Step(Tensor X, Tensor H, Tensor? C, LayerWeights W)
    {
        ArgumentNullException.ThrowIfNull(W);
        if (C is null)
            throw new ArgumentException("an LSTM needs a cell state", nameof(C));
        Tensor[] gates = Add(W.FromInput(X), W.FromHidden(H)).chunk(3, dim: -1);
        Tensor I = sigmoid(gates[0]);           // input gate      [batch, hidden]
        Tensor G = tanh(gates[1]);              // candidate cell  [batch, hidden]
        Tensor O = sigmoid(gates[2]);           // output gate     [batch, hidden]
        C = Add(OneMinus(I) * C, I * G);
        return (O * tanh(C), C);
    }
}
