using CharLM.Randomness;

namespace CharLM.Batching;

/// <summary>
/// Random minibatches of sequences of like length: the examples are shuffled, then sorted by length within pools of some
/// minibatches, and the minibatches are shuffled. Little is padded, and every epoch mixes anew.
/// </summary>
/// <remarks>Thread safety: any number of threads.</remarks>
public static class LengthBuckets
{
    private const int BatchesOfPool = 50;

    /// <summary>The minibatches of an epoch; each example is in one of them.</summary>
    /// <param name="lengths">Of each example.</param>
    /// <param name="batchSize">Examples of a minibatch, 1 or more; the last of a pool may have fewer.</param>
    /// <param name="random">Shuffles.</param>
    public static int[][] Plan(IReadOnlyList<int> lengths, int batchSize, RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        int[] examples = [.. Enumerable.Range(0, lengths.Count)];
        random.Shuffle<int>(examples);
        int[][] batches = [.. examples.Chunk(batchSize * BatchesOfPool).SelectMany(pool => pool.OrderBy(example => lengths[example]).Chunk(batchSize))];
        random.Shuffle<int[]>(batches);
        return batches;
    }
}
