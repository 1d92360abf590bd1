using CharLM.Randomness;
using CharLM.Torch;
using static TorchSharp.torch;

namespace CharLM.Batching;

/// <summary>
/// Sequences of different lengths side by side: shorter ones are padded at the end, and the lengths say where the padding starts.
/// The result of a row depends neither on its padding nor on the other rows.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
internal sealed class PaddedBatch
{
    private readonly int[] _ids;
    private readonly long[] _lengths;

    /// <summary>A batch of sequences.</summary>
    /// <param name="sequences">Token ids, one or more per sequence.</param>
    /// <param name="padding">The id that pads shorter sequences; any will do.</param>
    /// <param name="numSteps">Steps per row; default 0: the length of the longest sequence.</param>
    /// <exception cref="ArgumentException">There is no sequence, or one is empty or longer than <paramref name="numSteps"/>.</exception>
    public PaddedBatch(IReadOnlyList<ReadOnlyMemory<int>> sequences, int padding = 0, int numSteps = 0)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        if (sequences.Count == 0)
            throw new ArgumentException("a batch needs at least one sequence", nameof(sequences));
        _lengths = [.. sequences.Select(sequence => (long)sequence.Length)];
        NumSteps = numSteps == 0 ? (int)_lengths.Max() : numSteps;
        _ids = new int[BatchSize * NumSteps];
        Array.Fill(_ids, padding);
        for (int row = 0; row < BatchSize; row++)
        {
            ReadOnlySpan<int> sequence = sequences[row].Span;
            if (sequence.Length < 1 || sequence.Length > NumSteps)
                throw new ArgumentException(
                    $"sequence {row} has {sequence.Length} tokens, but must have 1 to {NumSteps}", nameof(sequences));
            sequence.CopyTo(_ids.AsSpan(row * NumSteps));
        }
    }

    /// <summary>Number of rows.</summary>
    public int BatchSize => _lengths.Length;

    /// <summary>Steps per row, including padding.</summary>
    public int NumSteps { get; }

    /// <summary>Real tokens of each row.</summary>
    public ReadOnlySpan<long> Lengths => _lengths;

    /// <summary>Real tokens of all rows.</summary>
    public long NumTokens => _lengths.Sum();

    /// <summary>The token ids, int64 [batch, num_steps].</summary>
    /// <param name="device">The device of the tensor; default the CPU.</param>
    public Tensor Ids(Device? device = null) => TokenTensor.Of(_ids, [BatchSize, NumSteps], device);

    /// <summary>Where the real tokens are, bool [batch, num_steps].</summary>
    /// <inheritdoc cref="Ids"/>
    public Tensor Mask(Device? device = null)
    {
        var real = new bool[_ids.Length];
        for (int row = 0; row < BatchSize; row++)
            real.AsSpan(row * NumSteps, (int)_lengths[row]).Fill(true);
        return tensor(real, [BatchSize, NumSteps], device: device);
    }
}

/// <summary>
/// Random minibatches of sequences of similar length: the examples are shuffled, then sorted by length within pools of several
/// minibatches, and the minibatches are shuffled. This needs little padding and mixes the examples afresh every epoch.
/// </summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal static class LengthBuckets
{
    private const int BatchesOfPool = 50;

    /// <summary>The minibatches of an epoch; each example is in one of them.</summary>
    /// <param name="lengths">The length of each example.</param>
    /// <param name="batchSize">Examples per minibatch, 1 or more; the last of a pool may have fewer.</param>
    /// <param name="random">The source of the shuffles.</param>
    public static int[][] Plan(IReadOnlyList<int> lengths, int batchSize, RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        int[] examples = [.. Enumerable.Range(0, lengths.Count)];
        random.Shuffle<int>(examples);
        int[][] batches = [.. examples.Chunk(batchSize * BatchesOfPool)
            .SelectMany(pool => pool.OrderBy(example => lengths[example]).Chunk(batchSize))];
        random.Shuffle<int[]>(batches);
        return batches;
    }
}
