using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Models.Cells;

/// <summary>
/// Long short-term memory as it was first published (Hochreiter and Schmidhuber, Long Short-Term Memory, 1997): the cell
/// state is a sum that nothing takes away from, the constant error carousel. Gates lie in the order input, candidate,
/// output.
/// </summary>
/// <remarks>
/// <para>
/// Both squashing functions are tanh, as in all later papers; the first one scaled logistic functions to [-2, 2] and
/// [-1, 1], which are 2 tanh(x/2) and tanh(x/2).
/// </para>
/// <para>Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its
/// weights.</para>
/// </remarks>
public sealed class LstmWithoutForgetGate(ModelConfig config, int inputSize) : CustomLayer(config, inputSize)
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
        C = Add(C, I * G);
        return (O * tanh(C), C);
    }
}
