using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Models.Attention;

/// <summary>Attention masks: true where a query may see a key.</summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal static class AttentionMask
{
    /// <summary>Hides the padding after each row's keys.</summary>
    /// <param name="lengths">Real keys of each row, 1 to <paramref name="keys"/>.</param>
    /// <param name="keys">Keys per row, including padding.</param>
    /// <param name="device">The device of the mask; default the CPU.</param>
    /// <returns>Bool [batch, 1, keys].</returns>
    /// <exception cref="ArgumentOutOfRangeException">A length is out of range: a row without keys has nothing to attend
    /// to.</exception>
    public static Tensor OfLengths(ReadOnlySpan<long> lengths, long keys, Device? device = null)
    {
        var visible = new bool[lengths.Length * keys];
        for (int row = 0; row < lengths.Length; row++)
        {
            if (lengths[row] < 1 || lengths[row] > keys)
                throw new ArgumentOutOfRangeException(nameof(lengths), lengths[row], $"row {row} must have 1 to {keys} keys");
            visible.AsSpan((int)(row * keys), (int)lengths[row]).Fill(true);
        }
        return tensor(visible, [lengths.Length, 1, keys], device: device);
    }

    /// <summary>
    /// For attention over a sequence's own past: each query sees the key at its position and those before it, at most
    /// <paramref name="window"/> in all, and none after it. If there are more keys than queries, the extra keys precede the first
    /// query.
    /// </summary>
    /// <param name="queries">Number of queries, 1 or more.</param>
    /// <param name="keys">Number of keys, at least as many.</param>
    /// <param name="window">The most keys that a query sees, including its own, 1 or more.</param>
    /// <param name="device">The device of the mask; default the CPU.</param>
    /// <returns>Bool [1, queries, keys].</returns>
    public static Tensor CausalWindow(long queries, long keys, long window, Device? device = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(queries);
        ArgumentOutOfRangeException.ThrowIfLessThan(keys, queries);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(window);
        var visible = new bool[queries * keys];
        for (long query = 0; query < queries; query++)
        {
            long place = keys - queries + query, first = Math.Max(0, place - window + 1);
            visible.AsSpan((int)((query * keys) + first), (int)(place - first + 1)).Fill(true);
        }
        return tensor(visible, [1, queries, keys], device: device);
    }

    /// <summary>The softmax of scores over the keys: weights that sum to one, exactly zero where the mask hides a key.</summary>
    /// <param name="scores">[..., keys].</param>
    /// <param name="mask">Bool, of the scores' shape or one that broadcasts to it; null hides nothing.</param>
    /// <exception cref="ArgumentException">The mask hides every key of a query.</exception>
    public static Tensor Softmax(Tensor scores, Tensor? mask)
    {
        ArgumentNullException.ThrowIfNull(scores);
        if (mask is null)
            return scores.softmax(-1);
        using (Tensor seesAny = mask.any(dim: -1))
        using (Tensor allSeeAny = seesAny.all())
        {
            if (!allSeeAny.item<bool>())
                throw new ArgumentException("the mask hides every key of a query, which leaves nothing to attend to", nameof(mask));
        }
        // exp(-inf) is exactly zero, in the weights and in their gradients.
        return Fill(scores, mask.logical_not(), double.NegativeInfinity).softmax(-1);
    }
}
