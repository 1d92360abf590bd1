using CharLM.Randomness;

namespace CharLM.Batching;

/// <summary>
/// Random sampling: the text, from a random offset on, is cut into pieces of num_steps tokens, which are read in random
/// order (Dive into Deep Learning v0.17, 8.3.4.1, <c>seq_data_iter_random</c>).
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class RandomIterator(ReadOnlyMemory<int> tokens, int batchSize, int numSteps, long seed)
    : MinibatchIterator(tokens, batchSize, numSteps, seed)
{
    /// <inheritdoc/>
    public override bool CarriesState => false;

    /// <inheritdoc/>
    protected override EpochPlan Plan(RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(random);
        // The book draws 0 to num_steps - 1; a text that is hardly longer than one minibatch allows less.
        int spare = Tokens.Length - 1 - BatchSize * NumSteps;
        int offset = random.Next(Math.Min(NumSteps - 1, spare) + 1);
        var starts = new int[(Tokens.Length - 1 - offset) / NumSteps];
        for (int piece = 0; piece < starts.Length; piece++)
            starts[piece] = offset + piece * NumSteps;
        random.Shuffle(starts.AsSpan());
        return new EpochPlan(BatchSize, NumSteps, starts.Length / BatchSize * BatchSize, (batch, row) => starts[batch * BatchSize + row]);
    }
}
