using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Passes;

/// <summary>
/// The element-wise part of a cell: what happens to one register of units of one row in one step, between the products.
/// </summary>
internal unsafe interface ICell
{
    /// <summary>Gates in the weights, candidate values included.</summary>
    static abstract int Gates { get; }

    /// <summary>
    /// Groups of values that are kept of a step. They come in as sums (weights times input and hidden state, and biases),
    /// stay as what the gates are, and become the sums' gradients on the way back.
    /// </summary>
    static abstract int Groups { get; }

    /// <summary>Whether there is a cell state beside the hidden state.</summary>
    static abstract bool HasCellState { get; }

    /// <summary>The group that gets what the input gives to a gate.</summary>
    static abstract int InputGroup(int gate);

    /// <summary>The group that gets what the hidden state gives to a gate.</summary>
    static abstract int HiddenGroup(int gate);

    /// <summary>From sums to gates and the next state.</summary>
    /// <param name="groups">The first group.</param>
    /// <param name="stride">From a group to the next, in floats.</param>
    /// <param name="before">Hidden state before the step.</param>
    /// <param name="after">Receives the hidden state after it.</param>
    /// <param name="cellBefore">Cell state before the step.</param>
    /// <param name="cellAfter">Receives the cell state after it.</param>
    static abstract void Forward<L>(float* groups, nint stride, float* before, float* after, float* cellBefore, float* cellAfter)
        where L : struct, ISimdVector<L>;

    /// <summary>From the gradient of the state after a step to those of the sums and of the state before.</summary>
    /// <param name="groups">The first group: gates come in, gradients of their sums go out.</param>
    /// <param name="stride">From a group to the next, in floats.</param>
    /// <param name="before">Hidden state before the step.</param>
    /// <param name="after">Hidden state after it.</param>
    /// <param name="cellBefore">Cell state before the step.</param>
    /// <param name="cellAfter">Cell state after it.</param>
    /// <param name="dAfter">Gradient of the hidden state after the step, from the layer above.</param>
    /// <param name="dHidden">
    /// Gradient of the hidden state after the step, from the next step, comes in; what reaches the hidden state before
    /// without passing a product goes out.
    /// </param>
    /// <param name="dCell">Gradient of the cell state after the step comes in, of the one before goes out.</param>
    static abstract void Backward<L>(
        float* groups, nint stride, float* before, float* after, float* cellBefore, float* cellAfter, float* dAfter, float* dHidden,
            float* dCell)
        where L : struct, ISimdVector<L>;
}
