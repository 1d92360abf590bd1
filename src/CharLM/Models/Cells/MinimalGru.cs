using static CharLM.Models.TensorMath;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Models.Cells;

/// <summary>
/// minGRU (Feng et al. 2024, 3.1): Z = sigmoid(X W_z + b_z), H = (1 - Z) H + Z g(X W_h + b_h). Gates lie in the order
/// update, candidate. The update gate is the paper's: it takes the new value where it is 1.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
public sealed class MinimalGru(ModelConfig config, int inputSize) : MinimalLayer(config, inputSize)
{
    /// <inheritdoc/>
    protected override (Tensor LogA, Tensor LogB) LogGates(Tensor X, LayerWeights W)
    {
        ArgumentNullException.ThrowIfNull(W);
        Tensor[] gates = W.FromInput(X).chunk(2, dim: -1);
        Tensor logZ = functional.logsigmoid(gates[0]);                  // log Z
        Tensor logKept = functional.logsigmoid(-gates[0]);              // log (1 - Z)
        return (logKept, Add(logZ, LogG(gates[1])));
    }
}
