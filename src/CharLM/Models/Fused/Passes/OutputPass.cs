using CharLM.Models.Fused.Gemm;

namespace CharLM.Models.Fused.Passes;

/// <summary>The output layer with softmax and cross-entropy, forwards and backwards.</summary>
internal abstract class OutputPass : IDisposable
{
    /// <summary>Logits, or after <see cref="Loss"/> with a scale their gradients, [rows, vocab].</summary>
    public abstract Panels Logits { get; }

    /// <summary>Makes room for so many rows.</summary>
    public abstract void Resize(int rows);

    /// <summary>Lays the weights out for the kernels: one of so many parts of that.</summary>
    public abstract void Pack(int task, int tasks, bool backward);

    /// <summary>Computes the logits of some rows.</summary>
    /// <param name="input">Hidden states, [rows, hidden].</param>
    /// <param name="rows">Which rows.</param>
    public abstract void Forward(Panels input, RowGrid rows);

    /// <summary>The cross-entropy of some rows.</summary>
    /// <param name="targets">What each row should have predicted; negative: nothing, and its surprise is 0.</param>
    /// <param name="nats">Receives the surprise of each row.</param>
    /// <param name="rows">Which rows.</param>
    /// <param name="gradientScale">When not 0, the logits become their gradients times this.</param>
    public abstract void Loss(ReadOnlySpan<int> targets, Span<float> nats, RowGrid rows, float gradientScale);

    /// <summary>Takes the logits' gradients of some rows to the hidden states.</summary>
    /// <param name="inputGradient">Receives [rows, hidden].</param>
    /// <param name="rows">Which rows.</param>
    public abstract void Backward(Panels inputGradient, RowGrid rows);

    /// <summary>Computes the gradients of the weights: one of so many parts of that.</summary>
    /// <param name="input">Hidden states, [rows, hidden].</param>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="task">Which part.</param>
    /// <param name="tasks">How many parts there are.</param>
    public abstract void WeightGradients(Panels input, int rows, int task, int tasks);

    /// <inheritdoc/>
    public abstract void Dispose();
}
