using static CharLM.Models.TensorMath;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Models.Cells;

/// <summary>
/// minLSTM (Feng et al. 2024, 3.2): I = sigmoid(X W_i + b_i), F = sigmoid(X W_f + b_f), both divided by their sum, so that
/// H = F' H + I' g(X W_h + b_h) stays at one scale. It has no cell state beside the hidden state and no output gate. Gates
/// lie in the order input, forget, candidate.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
public sealed class MinimalLstm(ModelConfig config, int inputSize) : MinimalLayer(config, inputSize)
{
    /// <inheritdoc/>
    protected override (Tensor LogA, Tensor LogB) LogGates(Tensor X, LayerWeights W)
    {
        ArgumentNullException.ThrowIfNull(W);
        Tensor[] gates = W.FromInput(X).chunk(3, dim: -1);
        Tensor ratio = functional.logsigmoid(gates[1]) - functional.logsigmoid(gates[0]);   // log F - log I
        Tensor logF = functional.logsigmoid(ratio);                                         // log F / (F + I)
        Tensor logI = functional.logsigmoid(-ratio);                                        // log I / (F + I)
        return (logF, Add(logI, LogG(gates[2])));
    }
}
