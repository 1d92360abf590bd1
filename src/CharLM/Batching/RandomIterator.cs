using CharLM.Randomness;
using CharLM.Tokenization;

namespace CharLM.Batching;

/// <summary>
/// Random sampling: the text, from a random offset on, is cut into pieces of num_steps tokens that are read in random order
/// (Dive into Deep Learning v0.17, 8.3.4.1, <c>seq_data_iter_random</c>).
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class RandomIterator(TokenSource tokens, int batchSize, int numSteps, long seed)
    : MinibatchIterator(tokens, batchSize, numSteps, seed)
{
    /// <inheritdoc/>
    public override bool CarriesState => false;

    /// <inheritdoc/>
    protected override EpochPlan Plan(RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(random);
        // The book draws 0 to num_steps - 1; a text barely longer than one minibatch allows less.
        long spare = Tokens.Length - 1 - ((long)BatchSize * NumSteps);
        int offset = random.Next((int)Math.Min(NumSteps - 1, spare) + 1);
        var pieces = new RandomOrder((Tokens.Length - 1 - offset) / NumSteps, random);
        return new EpochPlan(BatchSize, NumSteps, pieces.Count / BatchSize * BatchSize,
            (batch, row) => offset + (pieces[((long)batch * BatchSize) + row] * NumSteps));
    }
}
