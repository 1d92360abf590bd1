using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Models.Cells;

/// <summary>Elman recurrent network, from its equation (Dive into Deep Learning v0.17, 8.5).</summary>
/// <inheritdoc cref="GatedCell" path="/remarks"/>
internal sealed class CustomRnn(int inputSize, int hiddenSize, RnnActivation activation) : GatedCell(inputSize, hiddenSize, gates: 1)
{
    /// <inheritdoc/>
    public override Tensor[] forward(Tensor X, Tensor[] states)
    {
        Tensor H = states[0];
        Tensor sum = Add(FromInput(X), FromHidden(H));                       // [batch, hidden]
        return [activation == RnnActivation.Relu ? functional.relu(sum) : tanh(sum)];
    }
}

/// <summary>
/// Gated recurrent unit, from its equations, in both published forms (<see cref="GruForm"/>). Gates are in PyTorch's order: reset, update,
/// candidate. The update gate keeps the old state where it is 1, in PyTorch and in the books.
/// </summary>
/// <inheritdoc cref="GatedCell" path="/remarks"/>
internal sealed class CustomGru(int inputSize, int hiddenSize, GruForm form) : GatedCell(inputSize, hiddenSize, gates: 3)
{
    /// <inheritdoc/>
    public override Tensor[] forward(Tensor X, Tensor[] states) =>
        [form == GruForm.ResetBefore ? ResetBefore(X, states[0]) : ResetAfter(X, states[0])];

    // Dive into Deep Learning v0.17, 9.1.
    private Tensor ResetBefore(Tensor X, Tensor H)
    {
        int gates = 2 * HiddenSize;
        Tensor[] x = FromInput(X).chunk(3, dim: -1);
        Tensor[] h = functional.linear(H, W_hh[..gates], B_hh[..gates]).chunk(2, dim: -1);
        Tensor R = sigmoid(Add(x[0], h[0]));                                                      // reset gate
        Tensor Z = sigmoid(Add(x[1], h[1]));                                                      // update gate
        Tensor N = tanh(Add(x[2], functional.linear(R * H, W_hh[gates..], B_hh[gates..])));       // candidate
        return Add(Z * H, OneMinus(Z) * N);
    }

    // torch.nn.GRU.
    private Tensor ResetAfter(Tensor X, Tensor H)
    {
        Tensor[] x = FromInput(X).chunk(3, dim: -1);
        Tensor[] h = FromHidden(H).chunk(3, dim: -1);
        Tensor R = sigmoid(Add(x[0], h[0]));        // reset gate      [batch, hidden]
        Tensor Z = sigmoid(Add(x[1], h[1]));        // update gate     [batch, hidden]
        Tensor N = tanh(Add(x[2], R * h[2]));       // candidate state [batch, hidden]
        return Add(Z * H, OneMinus(Z) * N);
    }
}

/// <summary>
/// Long short-term memory, from its equations (Dive into Deep Learning v0.17, 9.2). Gates are in PyTorch's order: input, forget, candidate,
/// output.
/// </summary>
/// <inheritdoc cref="GatedCell" path="/remarks"/>
internal sealed class CustomLstm(int inputSize, int hiddenSize) : GatedCell(inputSize, hiddenSize, gates: 4, numStates: 2)
{
    /// <inheritdoc/>
    public override Tensor[] forward(Tensor X, Tensor[] states)
    {
        (Tensor H, Tensor C) = (states[0], states[1]);
        Tensor[] gates = Add(FromInput(X), FromHidden(H)).chunk(4, dim: -1);
        Tensor I = sigmoid(gates[0]);           // input gate      [batch, hidden]
        Tensor F = sigmoid(gates[1]);           // forget gate     [batch, hidden]
        Tensor G = tanh(gates[2]);              // candidate cell  [batch, hidden]
        Tensor O = sigmoid(gates[3]);           // output gate     [batch, hidden]
        C = Add(F * C, I * G);
        return [O * tanh(C), C];
    }
}
