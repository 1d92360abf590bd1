using CharLM.Randomness;
using CharLM.Tokenization;
using CharLM.Torch;
using static TorchSharp.torch;

namespace CharLM.Batching;

/// <summary>
/// Reads a text as minibatches, epoch by epoch, from any token source. Every epoch has its own random stream, so epoch 7 is the
/// same whether or not epochs 1 to 6 were read before it.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public abstract class MinibatchIterator
{
    private readonly long _seed;

    /// <summary>An iterator over a text.</summary>
    /// <param name="tokens">Token ids; at least batch_size * num_steps + 1 of them.</param>
    /// <param name="batchSize">Rows per minibatch, 1 or more.</param>
    /// <param name="numSteps">Tokens per row, 1 or more.</param>
    /// <param name="seed">Seed of the offset and the order of every epoch.</param>
    /// <param name="minRows">Rows that the text must at least fill; default <paramref name="batchSize"/>.</param>
    /// <exception cref="CorpusTooShortException">The text does not fill one minibatch.</exception>
    protected MinibatchIterator(TokenSource tokens, int batchSize, int numSteps, long seed, int? minRows = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numSteps);
        if (tokens.Length < ((long)(minRows ?? batchSize) * numSteps) + 1)
            throw new CorpusTooShortException(tokens.Length, minRows ?? batchSize, numSteps);
        (Tokens, BatchSize, NumSteps, _seed) = (tokens, batchSize, numSteps, seed);
    }

    /// <summary>Rows per minibatch.</summary>
    public int BatchSize { get; }

    /// <summary>Tokens per row.</summary>
    public int NumSteps { get; }

    /// <summary>The text.</summary>
    public TokenSource Tokens { get; }

    /// <summary>Whether each row continues the same row of the previous minibatch, so that the state can be carried.</summary>
    public abstract bool CarriesState { get; }

    /// <summary>Creates the iterator that reads a text in a given order.</summary>
    /// <param name="order">The order.</param>
    /// <param name="tokens">Token ids; with documents, an end token and then documents that each end with one.</param>
    /// <param name="batchSize">Rows per minibatch, 1 or more.</param>
    /// <param name="numSteps">Tokens per row, 1 or more; with documents an upper limit.</param>
    /// <param name="seed">Seed of the order of every epoch.</param>
    /// <param name="endId">The id that ends a document, where the state is reset; default null: the text is one document.</param>
    /// <exception cref="CorpusTooShortException">The text does not fill one minibatch.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The order does not work with documents.</exception>
    public static MinibatchIterator Create(
        SamplingOrder order, TokenSource tokens, int batchSize, int numSteps, long seed, int? endId = null) =>
        order switch
        {
            SamplingOrder.Sequential or SamplingOrder.Random when endId is { } end =>
                new DocumentIterator(order, tokens, batchSize, numSteps, seed, end),
            SamplingOrder.Windows when endId is not null =>
                throw new ArgumentOutOfRangeException(nameof(order), order, "overlapping windows do not work with documents"),
            SamplingOrder.Sequential => new SequentialIterator(tokens, batchSize, numSteps, seed),
            SamplingOrder.Random => new RandomIterator(tokens, batchSize, numSteps, seed),
            SamplingOrder.Windows => new WindowIterator(tokens, batchSize, numSteps, seed),
            _ => throw new ArgumentOutOfRangeException(nameof(order), order, "not an order"),
        };

    /// <summary>Where the minibatches of an epoch lie.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    public EpochPlan Plan(int epoch) => Plan(new RandomStream(_seed, "minibatches", epoch));

    /// <summary>The minibatches of an epoch, in order; the caller disposes each.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="device">The device of the tensors; default the CPU.</param>
    public IEnumerable<Minibatch> Epoch(int epoch, Device? device = null)
    {
        EpochPlan plan = Plan(epoch);
        for (int batch = 0; batch < plan.NumBatches; batch++)
            yield return Read(plan, batch, device);
    }

    /// <summary>Reads one minibatch of a plan; the caller disposes it.</summary>
    /// <param name="plan">The plan of an epoch of this iterator.</param>
    /// <param name="batch">Which minibatch, 0 to the plan's number of minibatches - 1.</param>
    /// <param name="device">The device of the tensors; default the CPU.</param>
    public Minibatch Read(EpochPlan plan, int batch, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(plan);
        int rows = plan.RowsOf(batch), steps = plan.StepsOf(batch);
        var inputs = new int[rows * steps];
        var targets = new int[inputs.Length];
        plan.Fill(Tokens, batch, inputs, targets);
        return new Minibatch(TokenTensor.Of(inputs, [rows, steps], device), TokenTensor.Of(targets, [rows, steps], device));
    }

    /// <summary>Plans one epoch.</summary>
    /// <param name="random">The epoch's own random numbers.</param>
    protected abstract EpochPlan Plan(RandomStream random);
}

/// <summary>Rows of text as token ids, and the token that follows each. Whoever receives it disposes it.</summary>
/// <remarks>Thread safety: any number of threads may read its tensors; dispose it only when no other thread uses it.</remarks>
/// <param name="Inputs">Token ids, int64 [batch, num_steps].</param>
/// <param name="Targets">
/// The ids that follow them: the inputs shifted by one, int64 [batch, num_steps]; <see cref="NoTarget"/> past the end of a document.
/// </param>
public sealed record Minibatch(Tensor Inputs, Tensor Targets) : IDisposable
{
    /// <summary>Marks a position without a target: it counts towards neither the loss nor its gradients.</summary>
    public const int NoTarget = -1;

    /// <inheritdoc/>
    public void Dispose()
    {
        Inputs.Dispose();
        Targets.Dispose();
    }
}

/// <summary>The order in which an epoch reads the text.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum SamplingOrder
{
    /// <summary>Rows continue from minibatch to minibatch, and carry the hidden state.</summary>
    Sequential,

    /// <summary>Rows come from anywhere; the hidden state starts at zero.</summary>
    Random,

    /// <summary>
    /// Every window of the text, one starting at each token, in random order; the hidden state starts at zero (Dive into Deep
    /// Learning v1.0).
    /// </summary>
    Windows,
}

/// <summary>A text has too few tokens for one minibatch.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class CorpusTooShortException : Exception
{
    /// <summary>An exception whose message names both numbers of tokens and what to change.</summary>
    /// <param name="tokens">Tokens of the text.</param>
    /// <param name="batchSize">Rows per minibatch.</param>
    /// <param name="numSteps">Tokens per row.</param>
    /// <param name="part">What the text is, for the message; default "text".</param>
    public CorpusTooShortException(long tokens, int batchSize, int numSteps, string part = "text")
        : base($"the {part} has {tokens} tokens, but a minibatch of {batchSize} rows of {numSteps} steps needs "
            + $"{(long)batchSize * numSteps + 1}; "
            + "take a longer text, a smaller --batch-size or fewer --num-steps")
    {
    }
}
