using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Passes;

/// <summary>
/// The element-wise part of a cell, between the products: computes one register of units of one row in one step.
/// </summary>
internal unsafe interface ICell
{
    /// <summary>Number of gates in the weights, including candidate values.</summary>
    static abstract int Gates { get; }

    /// <summary>
    /// Number of groups of values stored per step. They start as sums (weights times input and hidden state, plus biases), are replaced by
    /// the gates' values, and in the backward pass by the sums' gradients.
    /// </summary>
    static abstract int Groups { get; }

    /// <summary>Whether there is a cell state besides the hidden state.</summary>
    static abstract bool HasCellState { get; }

    /// <summary>The group that receives the input's contribution to a gate.</summary>
    static abstract int InputGroup(int gate);

    /// <summary>The group that receives the hidden state's contribution to a gate.</summary>
    static abstract int HiddenGroup(int gate);

    /// <summary>Computes gates and the next state from the sums.</summary>
    /// <param name="groups">The first group.</param>
    /// <param name="stride">Distance between groups, in floats.</param>
    /// <param name="before">Hidden state before the step.</param>
    /// <param name="after">Receives the hidden state after it.</param>
    /// <param name="cellBefore">Cell state before the step.</param>
    /// <param name="cellAfter">Receives the cell state after it.</param>
    static abstract void Forward<L>(float* groups, nint stride, float* before, float* after, float* cellBefore, float* cellAfter)
        where L : struct, ISimdVector<L>;

    /// <summary>Computes the gradients of the sums and of the state before a step from that of the state after it.</summary>
    /// <param name="groups">The first group. In: gates; out: gradients of their sums.</param>
    /// <param name="stride">Distance between groups, in floats.</param>
    /// <param name="before">Hidden state before the step.</param>
    /// <param name="after">Hidden state after it.</param>
    /// <param name="cellBefore">Cell state before the step.</param>
    /// <param name="cellAfter">Cell state after it.</param>
    /// <param name="dAfter">Gradient of the hidden state after the step, from the layer above.</param>
    /// <param name="dHidden">
    /// In: gradient of the hidden state after the step, from the next step. Out: the part of the gradient that reaches the previous hidden
    /// state without a product.
    /// </param>
    /// <param name="dCell">In: gradient of the cell state after the step; out: that of the one before.</param>
    static abstract void Backward<L>(
        float* groups, nint stride, float* before, float* after, float* cellBefore, float* cellAfter, float* dAfter, float* dHidden,
            float* dCell)
        where L : struct, ISimdVector<L>;
}
