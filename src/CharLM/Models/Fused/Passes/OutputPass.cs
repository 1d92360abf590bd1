using CharLM.Models.Fused.Gemm;

namespace CharLM.Models.Fused.Passes;

/// <summary>The output layer with softmax and cross-entropy, forwards and backwards.</summary>
internal abstract class OutputPass : IDisposable
{
    /// <summary>Logits, or after <see cref="Loss"/> with a scale their gradients, [rows, vocab].</summary>
    public abstract Panels Logits { get; }

    /// <summary>Allocates memory for a number of rows.</summary>
    public abstract void Resize(int rows);

    /// <summary>Packs the weights for the kernels: one task's share.</summary>
    public abstract void Pack(int task, int tasks, bool backward);

    /// <summary>Computes the logits of some rows.</summary>
    /// <param name="input">Hidden states, [rows, hidden].</param>
    /// <param name="rows">The rows.</param>
    public abstract void Forward(Panels input, RowGrid rows);

    /// <summary>Computes the cross-entropy of some rows.</summary>
    /// <param name="targets">The target of each row; negative: none, and the surprisal is 0.</param>
    /// <param name="nats">Receives the surprisal of each row.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="gradientScale">If not 0, the logits are replaced by their gradients times this.</param>
    public abstract void Loss(ReadOnlySpan<int> targets, Span<float> nats, RowGrid rows, float gradientScale);

    /// <summary>Propagates the logits' gradients of some rows to the hidden states.</summary>
    /// <param name="inputGradient">Receives [rows, hidden].</param>
    /// <param name="rows">The rows.</param>
    public abstract void Backward(Panels inputGradient, RowGrid rows);

    /// <summary>Computes the gradients of the weights: one task's share.</summary>
    /// <param name="input">Hidden states, [rows, hidden].</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="task">The task, from 0.</param>
    /// <param name="tasks">Number of tasks.</param>
    public abstract void WeightGradients(Panels input, int rows, int task, int tasks);

    /// <inheritdoc/>
    public abstract void Dispose();
}
