using CharLM.Randomness;
using CharLM.Tokenization;

namespace CharLM.Batching;

/// <summary>
/// Sequential partitioning: the text, from a random offset on, is cut into batch_size long rows, and each minibatch continues
/// where the last one ended in every row (Dive into Deep Learning v0.17, 8.3.4.2, <c>seq_data_iter_sequential</c>).
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class SequentialIterator(TokenSource tokens, int batchSize, int numSteps, long seed)
    : MinibatchIterator(tokens, batchSize, numSteps, seed)
{
    /// <inheritdoc/>
    public override bool CarriesState => true;

    /// <inheritdoc/>
    protected override EpochPlan Plan(RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(random);
        // The book draws 0 to num_steps; a text barely longer than one minibatch allows less.
        long spare = Tokens.Length - 1 - ((long)BatchSize * NumSteps);
        int offset = random.Next((int)Math.Min(NumSteps, spare) + 1);
        long rowLength = (Tokens.Length - 1 - offset) / BatchSize;
        return new EpochPlan(
            BatchSize, NumSteps, rowLength / NumSteps * BatchSize, (batch, row) => offset + (row * rowLength) + ((long)batch * NumSteps));
    }
}
