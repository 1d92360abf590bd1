using static TorchSharp.torch;

namespace CharLM.Models.Variants;

/// <summary>
/// Long short-term memory with coupled input and forget gates, f = 1 - i (Greff et al., LSTM: A Search Space Odyssey, 2017,
/// their CIFG). Gates lie in the order input, candidate, output.
/// </summary>
public sealed class CoupledLstm(ModelConfig config, int inputSize) : CustomLayer(config, inputSize)
{
    /// <inheritdoc/>
    protected override (Tensor H, Tensor? C) Step(Tensor X, Tensor H, Tensor? C, LayerWeights W)
    {
        ArgumentNullException.ThrowIfNull(W);
        if (C is null)
            throw new ArgumentException("an LSTM needs a cell state", nameof(C));
        Tensor[] gates = (W.FromInput(X) + W.FromHidden(H)).chunk(3, dim: -1);
        Tensor I = sigmoid(gates[0]);           // input gate      [batch, hidden]
        Tensor G = tanh(gates[1]);              // candidate cell  [batch, hidden]
        Tensor O = sigmoid(gates[2]);           // output gate     [batch, hidden]
        C = (1 - I) * C + I * G;
        return (O * tanh(C), C);
    }
}
