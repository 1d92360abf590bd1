using CharLM.Models.Fused.Gemm;

namespace CharLM.Models.Fused.Passes;

/// <summary>
/// One recurrent layer, forwards and backwards through a minibatch of steps * batch rows; row <c>t * batch + b</c> is step t of
/// sequence b. Rows do not wait for each other; weights are shared out by gates.
/// </summary>
internal abstract class LayerPass : IDisposable
{
    /// <summary>Hidden units.</summary>
    public abstract int Hidden { get; }

    /// <summary>Hidden states after each step, [rows, hidden].</summary>
    public abstract Panels Outputs { get; }

    /// <summary>The hidden state before the next minibatch, [batch, hidden].</summary>
    public abstract Panels HiddenState { get; }

    /// <summary>The cell state before the next minibatch, [batch, hidden]; without rows where the cell has none.</summary>
    public abstract Panels CellState { get; }

    /// <summary>Gradient of the hidden state before the first step, [batch, hidden]; comes in as that after the last.</summary>
    public abstract Panels HiddenStateGradient { get; }

    /// <summary>Gradient of the cell state, likewise.</summary>
    public abstract Panels CellStateGradient { get; }

    /// <summary>Makes room for a minibatch; the state stays when the batch does, else it becomes zero.</summary>
    public abstract void Resize(int batch, int steps);

    /// <summary>Gives the sequences other states: sequence i goes on from where sequence <c>rows[i]</c> was.</summary>
    /// <param name="rows">As many as the next minibatch has sequences.</param>
    /// <param name="batch">Sequences until now; where no minibatch of so many was read yet, all states are zero.</param>
    public abstract void Rearrange(ReadOnlySpan<int> rows, int batch);

    /// <summary>Says what the gradient of the state is multiplied by where it passes from a step to the one before; empty: 1.</summary>
    public abstract void SetGradientScales(ReadOnlySpan<float> scales);

    /// <summary>Says which weights between hidden states the next packing leaves out; null: none.</summary>
    public abstract void DropWeights(ulong? key);

    /// <summary>Lays the weights out for the kernels: one of so many parts of that.</summary>
    /// <param name="task">Which part.</param>
    /// <param name="tasks">How many parts there are.</param>
    /// <param name="backward">Whether gradients will be asked for.</param>
    /// <param name="tokensOnly">Only what depends on the minibatch: the weights are as they were.</param>
    public abstract void Pack(int task, int tasks, bool backward, bool tokensOnly);

    /// <summary>Computes outputs of some rows: of the first steps first, of the last steps last, which moves their state on.</summary>
    /// <param name="input">[rows, input]; not looked at by a layer of tokens.</param>
    /// <param name="rows">Which rows.</param>
    public abstract void Forward(Panels input, RowGrid rows);

    /// <summary>Computes the gradients of the gates' sums of some rows, the last steps first, and of the input when it is dense.</summary>
    /// <param name="outputGradient">[rows, hidden].</param>
    /// <param name="inputGradient">Receives the gradient of a dense input, [rows, input]; without columns when nobody asks.</param>
    /// <param name="rows">Which rows.</param>
    public abstract void Backward(Panels outputGradient, Panels inputGradient, RowGrid rows);

    /// <summary>Computes the gradients of the weights from those of the sums: one of so many parts of that.</summary>
    /// <param name="input">What went forward.</param>
    /// <param name="task">Which part.</param>
    /// <param name="tasks">How many parts there are.</param>
    public abstract void WeightGradients(Panels input, int task, int tasks);

    /// <inheritdoc/>
    public abstract void Dispose();
}
