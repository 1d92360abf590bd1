using CharLM.Randomness;
using CharLM.Tokenization;

namespace CharLM.Batching;

/// <summary>
/// Every window of num_steps tokens, one starting at each token, in random order; the last minibatch holds the remainder (Dive
/// into Deep Learning v1.0, 9.3.3, with its data loader).
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class WindowIterator(TokenSource tokens, int batchSize, int numSteps, long seed)
    : MinibatchIterator(tokens, batchSize, numSteps, seed, minRows: 1)
{
    /// <inheritdoc/>
    public override bool CarriesState => false;

    /// <inheritdoc/>
    protected override EpochPlan Plan(RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(random);
        var starts = new RandomOrder(Tokens.Length - NumSteps, random);
        return new EpochPlan(BatchSize, NumSteps, starts.Count, (batch, row) => starts[((long)batch * BatchSize) + row]);
    }
}
