using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Models.Cells;

/// <summary>
/// Long short-term memory from its equations (Dive into Deep Learning v0.17, 9.2). Gates lie in PyTorch's order: input,
/// forget, candidate, output.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
public sealed class CustomLstm(ModelConfig config, int inputSize) : CustomLayer(config, inputSize)
{
    /// <inheritdoc/>
    protected override (Tensor H, Tensor? C) Step(Tensor X, Tensor H, Tensor? C, LayerWeights W)
    {
        ArgumentNullException.ThrowIfNull(W);
        if (C is null)
            throw new ArgumentException("an LSTM needs a cell state", nameof(C));
        Tensor[] gates = Add(W.FromInput(X), W.FromHidden(H)).chunk(4, dim: -1);
        Tensor I = sigmoid(gates[0]);           // input gate      [batch, hidden]
        Tensor F = sigmoid(gates[1]);           // forget gate     [batch, hidden]
        Tensor G = tanh(gates[2]);              // candidate cell  [batch, hidden]
        Tensor O = sigmoid(gates[3]);           // output gate     [batch, hidden]
        C = Add(F * C, I * G);
        return (O * tanh(C), C);
    }
}
