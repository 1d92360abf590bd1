using CharLM.Models.Fused.Gemm;

namespace CharLM.Models.Fused.Passes;

/// <summary>The output layer with softmax and cross-entropy, forwards and backwards, in the rows after each step.</summary>
internal abstract class OutputPass : IDisposable
{
    /// <summary>Logits, or after <see cref="Learn"/> their gradients, [rows, vocab].</summary>
    public abstract Panels Logits { get; }

    /// <summary>Allocates memory.</summary>
    /// <param name="layout">The rows of the minibatch; this layer uses those after each step.</param>
    /// <param name="tasks">Tasks that <see cref="WeightGradients"/> is divided into; 0: it will not be called.</param>
    public abstract void Resize(RowLayout layout, int tasks);

    /// <summary>Packs the weights for the kernels: one task's share.</summary>
    public abstract void Pack(int task, int tasks, bool backward);

    /// <summary>Computes the logits of some rows.</summary>
    /// <param name="input">Hidden states, [rows, hidden].</param>
    /// <param name="rows">The rows.</param>
    public abstract void Forward(Panels input, RowGrid rows);

    /// <summary>Computes the logits and the cross-entropy of some rows.</summary>
    /// <param name="input">Hidden states, [rows, hidden].</param>
    /// <param name="targets">The target of each row; negative: none, and the surprisal is 0.</param>
    /// <param name="nats">Receives the surprisal of each row.</param>
    /// <param name="rows">The rows.</param>
    public abstract void Measure(Panels input, ReadOnlySpan<int> targets, Span<float> nats, RowGrid rows);

    /// <summary>Computes the cross-entropy of some rows and its gradients: those of the logits replace them.</summary>
    /// <param name="input">Hidden states, [rows, hidden].</param>
    /// <param name="targets">The target of each row; negative: none, and the surprisal is 0.</param>
    /// <param name="nats">Receives the surprisal of each row.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="scale">Factor of the gradients.</param>
    /// <param name="inputGradient">Receives the gradient of the hidden states, [rows, hidden].</param>
    public abstract void Learn(
        Panels input, ReadOnlySpan<int> targets, Span<float> nats, RowGrid rows, float scale, Panels inputGradient);

    /// <summary>Computes the gradients of the weights of a small vocab from one part of the rows: one task's share.</summary>
    /// <param name="input">Hidden states, [rows, hidden].</param>
    /// <param name="part">The part of the minibatch, from 0.</param>
    /// <param name="task">The task, from 0.</param>
    /// <param name="tasks">Number of tasks.</param>
    public abstract void PartialGradients(Panels input, int part, int task, int tasks);

    /// <summary>
    /// Adds up the gradients of all parts, or computes those of a large vocab, whose parts would cost more than they gain: one task's
    /// share.
    /// </summary>
    /// <param name="input">Hidden states, [rows, hidden].</param>
    /// <param name="task">The task, from 0.</param>
    /// <param name="tasks">Number of tasks.</param>
    public abstract void WeightGradients(Panels input, int task, int tasks);

    /// <inheritdoc/>
    public abstract void Dispose();
}
