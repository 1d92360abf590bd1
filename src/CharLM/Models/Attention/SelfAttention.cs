using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Models.Attention;

/// <summary>
/// Self-attention over an encoder's states: each state attends to all states of its row, itself included (queries, keys and values are
/// the same), and the context is concatenated with it and projected, tanh(W [context; h] + b), to the same width.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may use it at once, each in its own dispose scope, while no one changes its weights.
/// </remarks>
internal sealed class SelfAttention : nn.Module
{
    private readonly AttentionLayer _score;
    private readonly Linear _combine;

    /// <summary>A layer with torch.nn.Linear's initial weights.</summary>
    /// <param name="kind">The score function between two states.</param>
    /// <param name="size">Width of a state.</param>
    /// <param name="places">The most states of a row, 1 or more; concat attention only.</param>
    public SelfAttention(AttentionKind kind, long size, long places)
        : base("attention")
    {
        register_module("score", _score = AttentionLayer.Create(kind, size, size, size, places));
        register_module("combine", _combine = nn.Linear(2 * size, size));
    }

    /// <summary>Adds the names and shapes of the weights.</summary>
    /// <param name="shapes">Receives them.</param>
    /// <param name="module">The prefix of their names.</param>
    /// <param name="kind">The score function.</param>
    /// <param name="size">Width of a state.</param>
    /// <param name="places">The most states of a row.</param>
    public static void AddShapes(IDictionary<string, long[]> shapes, string module, AttentionKind kind, long size, long places)
    {
        WeightShapes.AddAttention(shapes, $"{module}.score", kind, size, size, size, places);
        WeightShapes.AddLinear(shapes, $"{module}.combine", 2 * size, size);
    }

    /// <summary>Reads the states of rows of different lengths.</summary>
    /// <param name="states">[num_steps, batch, size].</param>
    /// <param name="lengths">Real steps of each row, 1 to num_steps.</param>
    /// <returns>[num_steps, batch, size], zero past a row's length.</returns>
    public Tensor Forward(Tensor states, ReadOnlySpan<long> lengths)
    {
        Tensor rows = states.transpose(0, 1), mask = AttentionMask.OfLengths(lengths, states.size(0), states.device); // [batch, 1, steps]
        (Tensor context, _) = _score.Forward(rows, rows, rows, mask);                  // [batch, num_steps, size]
        Tensor outputs = tanh(_combine.forward(cat([context, rows], dim: -1)));
        return (outputs * mask.transpose(1, 2).to_type(outputs.dtype)).transpose(0, 1);
    }
}
