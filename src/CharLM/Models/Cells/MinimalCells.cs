using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Models.Cells;

/// <summary>
/// Base of minGRU and minLSTM (Feng et al., Were RNNs All We Needed?, 2024): the gates read only the input, so that in
/// h_t = a_t h_{t-1} + b_t all a and b are known in advance, and a parallel scan computes the whole sequence.
/// </summary>
/// <remarks>
/// <para>
/// The scan is the paper's, in log space (Heinsen 2023): with A_t = log a_1 + ... + log a_t,
/// h_t = exp(A_t) h_0 + exp(A_t + logcumsumexp(log b - A)). The paper takes the logarithm of h_0, too; here h_0 stays outside, so that the
/// initial state can be zero, as for all cells. The function g keeps the candidates, and so b, positive.
/// </para>
/// <para>Thread safety: any number of threads may read with it at once, each in its own dispose scope, while nobody changes its
/// weights.</para>
/// </remarks>
internal abstract class MinimalCell(int inputSize, int hiddenSize, int gates)
    : GatedCell(inputSize, hiddenSize, gates, seesHidden: false)
{
    // |A| grows with the steps, and so does the error of exp(A + ...): A restarts at zero after this many steps.
    private const long BlockSteps = 128;

    /// <summary>Computes the logarithms of a, the kept fraction, and of b, the added value, from the inputs.</summary>
    /// <param name="X">Inputs, [..., input].</param>
    /// <returns>Both [..., hidden].</returns>
    protected abstract (Tensor LogA, Tensor LogB) LogGates(Tensor X);

    /// <summary>The sequential form, h_t = a_t h_{t-1} + b_t.</summary>
    /// <inheritdoc/>
    public override Tensor[] forward(Tensor X, Tensor[] states)
    {
        (Tensor logA, Tensor logB) = LogGates(X);
        return [Add(exp(logA) * states[0], exp(logB))];
    }

    /// <summary>The parallel form.</summary>
    /// <inheritdoc/>
    public override (Tensor Outputs, Tensor[] States) Sequence(Tensor inputs, Tensor[] states)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(states);
        Tensor H = states[0];
        var blocks = new List<Tensor>();
        foreach (Tensor block in inputs.split(BlockSteps))
        {
            (Tensor logA, Tensor logB) = LogGates(block);
            Tensor A = logA.cumsum(dim: 0);                                          // [steps, batch, hidden]
            Tensor hiddens = Add(exp(A) * H, exp(Add(A, logcumsumexp(logB - A, dim: 0)))); // [steps, batch, hidden]
            blocks.Add(hiddens);
            H = hiddens[hiddens.size(0) - 1];
        }
        return (blocks.Count == 1 ? blocks[0] : cat(blocks), [H]);                   // [num_steps, batch, hidden]
    }

    /// <summary>log g(x), where the paper's g(x) is x + 0.5 for x at or above 0, else sigmoid(x).</summary>
    private protected static Tensor LogG(Tensor x) =>
        where(TensorMath.IsNotNegative(x), log(TensorMath.Add(functional.relu(x), 0.5)), functional.logsigmoid(x));
}

/// <summary>
/// minGRU (Feng et al. 2024, 3.1): Z = sigmoid(X W_z + b_z), H = (1 - Z) H + Z g(X W_h + b_h). Gates are in the order update, candidate. As
/// in the paper, the update gate takes the new value where it is 1.
/// </summary>
/// <inheritdoc cref="GatedCell" path="/remarks"/>
internal sealed class MinimalGru(int inputSize, int hiddenSize) : MinimalCell(inputSize, hiddenSize, gates: 2)
{
    /// <inheritdoc/>
    protected override (Tensor LogA, Tensor LogB) LogGates(Tensor X)
    {
        Tensor[] gates = FromInput(X).chunk(2, dim: -1);
        Tensor logZ = functional.logsigmoid(gates[0]);                  // log Z
        Tensor logKept = functional.logsigmoid(-gates[0]);              // log (1 - Z)
        return (logKept, Add(logZ, LogG(gates[1])));
    }
}

/// <summary>
/// minLSTM (Feng et al. 2024, 3.2): I = sigmoid(X W_i + b_i), F = sigmoid(X W_f + b_f), both divided by their sum, so that
/// H = F' H + I' g(X W_h + b_h) keeps its scale. It has neither a separate cell state nor an output gate. Gates are in the order input,
/// forget, candidate.
/// </summary>
/// <inheritdoc cref="GatedCell" path="/remarks"/>
internal sealed class MinimalLstm(int inputSize, int hiddenSize) : MinimalCell(inputSize, hiddenSize, gates: 3)
{
    /// <inheritdoc/>
    protected override (Tensor LogA, Tensor LogB) LogGates(Tensor X)
    {
        Tensor[] gates = FromInput(X).chunk(3, dim: -1);
        Tensor ratio = functional.logsigmoid(gates[1]) - functional.logsigmoid(gates[0]);   // log F - log I
        Tensor logF = functional.logsigmoid(ratio);                                         // log F / (F + I)
        Tensor logI = functional.logsigmoid(-ratio);                                        // log I / (F + I)
        return (logF, Add(logI, LogG(gates[2])));
    }
}
