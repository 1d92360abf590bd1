using CharLM.Models.Fused.Gemm;

namespace CharLM.Models.Fused.Passes;

/// <summary>
/// One recurrent layer, forwards and backwards through a minibatch, whose rows are those of <see cref="RowLayout"/>. Sequences are
/// independent; work on the weights is divided by gates.
/// </summary>
internal abstract class LayerPass : IDisposable
{
    /// <summary>Hidden units.</summary>
    public abstract int Hidden { get; }

    /// <summary>Hidden states before each step and, in the rows after them, the outputs, [rows, hidden].</summary>
    public abstract Panels Outputs { get; }

    /// <summary>The hidden state before the next minibatch, [batch, hidden].</summary>
    public abstract Panels HiddenState { get; }

    /// <summary>The cell state before the next minibatch, [batch, hidden]; without rows if the cell has none.</summary>
    public abstract Panels CellState { get; }

    /// <summary>
    /// In: gradient of the hidden state after the last step; out: that before the first step; [<see cref="RowLayout.OfCarried"/>, hidden].
    /// </summary>
    public abstract Panels HiddenStateGradient { get; }

    /// <summary>Gradient of the cell state, likewise.</summary>
    public abstract Panels CellStateGradient { get; }

    /// <summary>Allocates memory for a minibatch; keeps the state if the batch size stays the same, else resets it to zero.</summary>
    public abstract void Resize(int batch, int steps);

    /// <summary>Allocates memory for the gradients of the weights.</summary>
    public abstract void ResizeGradients();

    /// <summary>Rearranges the states: sequence i continues from the old sequence <c>rows[i]</c>.</summary>
    /// <param name="rows">One entry for each sequence of the next minibatch; -1: a new one, with a zero state.</param>
    /// <param name="batch">The old number of sequences; if no minibatch of that size was read yet, all states are zero.</param>
    public abstract void Rearrange(ReadOnlySpan<int> rows, int batch);

    /// <summary>Sets the factors of the state's gradient from each step to the one before; empty: 1.</summary>
    public abstract void SetGradientScales(ReadOnlySpan<float> scales);

    /// <summary>Seeds the choice of hidden-to-hidden weights that the next packing drops; null: none.</summary>
    public abstract void DropWeights(ulong? key);

    /// <summary>Packs the weights for the kernels: one task's share.</summary>
    /// <param name="task">The task, from 0.</param>
    /// <param name="tasks">Number of tasks.</param>
    /// <param name="backward">Whether gradients will be needed.</param>
    /// <param name="tokensOnly">Packs only what depends on the minibatch, since the weights are unchanged.</param>
    public abstract void Pack(int task, int tasks, bool backward, bool tokensOnly);

    /// <summary>Computes the outputs of some rows, in the order of steps; the last steps advance the state.</summary>
    /// <param name="input">[rows, input], in the rows after each step; ignored by a layer of tokens.</param>
    /// <param name="rows">The rows.</param>
    public abstract void Forward(Panels input, RowGrid rows);

    /// <summary>Computes the gradients of the gates' sums of some rows, last steps first, and of a dense input.</summary>
    /// <param name="outputGradient">[rows, hidden], in the rows after each step.</param>
    /// <param name="inputGradient">Receives the gradient of a dense input, likewise; without columns when not needed.</param>
    /// <param name="rows">The rows.</param>
    public abstract void Backward(Panels outputGradient, Panels inputGradient, RowGrid rows);

    /// <summary>Computes the gradients of the weights from those of the sums of one part's rows: one task's share.</summary>
    /// <param name="input">The input of the forward pass.</param>
    /// <param name="part">The part of the minibatch, from 0.</param>
    /// <param name="task">The task, from 0.</param>
    /// <param name="tasks">Number of tasks.</param>
    public abstract void PartialGradients(Panels input, int part, int task, int tasks);

    /// <summary>Adds up the gradients of all parts: one task's share.</summary>
    /// <param name="task">The task, from 0.</param>
    /// <param name="tasks">Number of tasks.</param>
    public abstract void WeightGradients(int task, int tasks);

    /// <inheritdoc/>
    public abstract void Dispose();
}
