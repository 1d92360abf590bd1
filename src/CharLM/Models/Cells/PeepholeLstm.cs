using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Models.Cells;

/// <summary>
/// Long short-term memory with peepholes (Gers and Schmidhuber, Recurrent Nets that Time and Count, 2000; LSTM Recurrent
/// Networks Learn Simple Context Free and Context Sensitive Languages, 2001): each gate sees its own cell, the input and
/// forget gates before it changes, the output gate after. Gates lie in PyTorch's order: input, forget, candidate, output.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
public sealed class PeepholeLstm(ModelConfig config, int inputSize) : CustomLayer(config, inputSize)
{
    /// <inheritdoc/>
    protected override (Tensor H, Tensor? C) Step(Tensor X, Tensor H, Tensor? C, LayerWeights W)
    {
        ArgumentNullException.ThrowIfNull(W);
        if (C is null)
            throw new ArgumentException("an LSTM needs a cell state", nameof(C));
        Tensor[] gates = Add(W.FromInput(X), W.FromHidden(H)).chunk(4, dim: -1);
        Tensor I = sigmoid(Add(gates[0], W.W_ci * C));  // input gate      [batch, hidden]
        Tensor F = sigmoid(Add(gates[1], W.W_cf * C));  // forget gate     [batch, hidden]
        Tensor G = tanh(gates[2]);                  // candidate cell  [batch, hidden]
        C = Add(F * C, I * G);
        Tensor O = sigmoid(Add(gates[3], W.W_co * C));  // output gate     [batch, hidden]
        return (O * tanh(C), C);
    }
}
