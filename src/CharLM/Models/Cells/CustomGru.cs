using static CharLM.Models.TensorMath;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Models.Cells;

/// <summary>
/// Gated recurrent unit from its equations, in both published forms (<see cref="GruForm"/>). Gates lie in PyTorch's
/// order: reset, update, candidate. PyTorch's update gate keeps the old state where it is 1, as the books' does.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
public sealed class CustomGru(ModelConfig config, int inputSize) : CustomLayer(config, inputSize)
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
