using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Models.Cells;

/// <summary>
/// A gated recurrent unit with its reset gate alone: every step takes the candidate (Dive into Deep Learning v0.17, 9.1, exercise 4). Gates
/// are in the order reset, candidate; both published forms (<see cref="GruForm"/>).
/// </summary>
/// <inheritdoc cref="GatedCell" path="/remarks"/>
internal sealed class ResetGateGru(int inputSize, int hiddenSize, GruForm form) : GatedCell(inputSize, hiddenSize, gates: 2)
{
    /// <inheritdoc/>
    public override Tensor[] forward(Tensor X, Tensor[] states)
    {
        Tensor H = states[0];
        Tensor[] x = FromInput(X).chunk(2, dim: -1), W = W_hh.chunk(2), B = B_hh.chunk(2);
        Tensor R = sigmoid(Add(x[0], functional.linear(H, W[0], B[0])));                         // reset gate
        Tensor product = form == GruForm.ResetBefore
            ? functional.linear(R * H, W[1], B[1]) : R * functional.linear(H, W[1], B[1]);
        return [tanh(Add(x[1], product))];                                                       // candidate
    }
}

/// <summary>
/// A gated recurrent unit with its update gate alone: the candidate reads the whole hidden state (Dive into Deep Learning v0.17, 9.1,
/// exercise 4). Gates are in the order update, candidate.
/// </summary>
/// <inheritdoc cref="GatedCell" path="/remarks"/>
internal sealed class UpdateGateGru(int inputSize, int hiddenSize) : GatedCell(inputSize, hiddenSize, gates: 2)
{
    /// <inheritdoc/>
    public override Tensor[] forward(Tensor X, Tensor[] states)
    {
        Tensor H = states[0];
        Tensor[] gates = Add(FromInput(X), FromHidden(H)).chunk(2, dim: -1);
        Tensor Z = sigmoid(gates[0]);           // update gate     [batch, hidden]
        Tensor N = tanh(gates[1]);              // candidate state [batch, hidden]
        return [Add(Z * H, OneMinus(Z) * N)];
    }
}
