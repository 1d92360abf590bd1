using static CharLM.Models.TensorMath;
using static TorchSharp.torch.nn;
using static TorchSharp.torch;

namespace CharLM.Models.Cells;

/// <summary>Elman's recurrent network from its equation (Dive into Deep Learning v0.17, 8.5).</summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
internal sealed class CustomRnn(ModelConfig config, int inputSize) : CustomLayer(config, inputSize)
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

/// <summary>
/// Gated recurrent unit from its equations, in both published forms (<see cref="GruForm"/>). Gates lie in PyTorch's
/// order: reset, update, candidate. PyTorch's update gate keeps the old state where it is 1, as the books' does.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
internal sealed class CustomGru(ModelConfig config, int inputSize) : CustomLayer(config, inputSize)
{
    private readonly GruForm _form = config.EffectiveGruForm;

    /// <inheritdoc/>
    protected override (Tensor H, Tensor? C) Step(Tensor X, Tensor H, Tensor? C, LayerWeights W) =>
        (_form == GruForm.ResetBefore ? StepResetBefore(X, H, W) : StepResetAfter(X, H, W), null);

    // Dive into Deep Learning v0.17, 9.1.
    private static Tensor StepResetBefore(Tensor X, Tensor H, LayerWeights W)
    {
        int hidden = (int)H.size(-1);
        Tensor[] x = W.FromInput(X).chunk(3, dim: -1);
        Tensor[] h = functional.linear(H, W.W_hh[..(2 * hidden)], W.B_hh[..(2 * hidden)]).chunk(2, dim: -1);
        Tensor R = sigmoid(Add(x[0], h[0]));                                                            // reset gate
        Tensor Z = sigmoid(Add(x[1], h[1]));                                                            // update gate
        Tensor N = tanh(Add(x[2], functional.linear(R * H, W.W_hh[(2 * hidden)..], W.B_hh[(2 * hidden)..]))); // candidate
        return Add(Z * H, OneMinus(Z) * N);
    }

    // torch.nn.GRU.
    private static Tensor StepResetAfter(Tensor X, Tensor H, LayerWeights W)
    {
        Tensor[] x = W.FromInput(X).chunk(3, dim: -1);
        Tensor[] h = W.FromHidden(H).chunk(3, dim: -1);
        Tensor R = sigmoid(Add(x[0], h[0]));        // reset gate      [batch, hidden]
        Tensor Z = sigmoid(Add(x[1], h[1]));        // update gate     [batch, hidden]
        Tensor N = tanh(Add(x[2], R * h[2]));   // candidate state [batch, hidden]
        return Add(Z * H, OneMinus(Z) * N);
    }
}

/// <summary>
/// Long short-term memory from its equations (Dive into Deep Learning v0.17, 9.2). Gates lie in PyTorch's order: input,
/// forget, candidate, output.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
internal sealed class CustomLstm(ModelConfig config, int inputSize) : CustomLayer(config, inputSize)
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
