using CharLM.Randomness;
using CharLM.Tokenization;
using CharLM.Torch;
using static TorchSharp.torch;

namespace CharLM.Batching;

/// <summary>
/// Reads a text as minibatches, epoch by epoch, window by window from wherever its token ids lie. Every epoch has its
/// own random stream, so that epoch 7 is the same whether epochs 1 to 6 were read before it or not.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public abstract class MinibatchIterator
{
    private readonly long _seed;

    /// <summary>An iterator over a text.</summary>
    /// <param name="tokens">Token ids; at least batch_size * num_steps + 1 of them.</param>
    /// <param name="batchSize">Rows of a minibatch, 1 or more.</param>
    /// <param name="numSteps">Tokens of a row, 1 or more.</param>
    /// <param name="seed">Fixes the offset and the order of every epoch.</param>
    /// <param name="minRows">Rows that the text must fill for one minibatch; default all.</param>
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

    /// <summary>Rows of a minibatch.</summary>
    public int BatchSize { get; }

    /// <summary>Tokens of a row.</summary>
    public int NumSteps { get; }

    /// <summary>The text.</summary>
    public TokenSource Tokens { get; }

    /// <summary>Whether a row goes on where the same row of the minibatch before it ended, so that the state may be carried.</summary>
    public abstract bool CarriesState { get; }

    /// <summary>An iterator of a kind.</summary>
    /// <param name="order">Which.</param>
    /// <param name="tokens">Token ids; of documents an end token, and documents with one behind each.</param>
    /// <param name="batchSize">Rows of a minibatch, 1 or more.</param>
    /// <param name="numSteps">Tokens of a row, 1 or more; at most, where documents are shorter.</param>
    /// <param name="seed">Fixes the order of every epoch.</param>
    /// <param name="endId">What ends a document, at which the state begins anew; default null: the text is one.</param>
    /// <exception cref="CorpusTooShortException">The text does not fill one minibatch.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The order is none of documents.</exception>
    public static MinibatchIterator Create(
        SamplingOrder order, TokenSource tokens, int batchSize, int numSteps, long seed, int? endId = null) =>
        order switch
        {
            SamplingOrder.Sequential or SamplingOrder.Random when endId is { } end =>
                new DocumentIterator(order, tokens, batchSize, numSteps, seed, end),
            SamplingOrder.Windows when endId is not null =>
                throw new ArgumentOutOfRangeException(nameof(order), order, "windows that overlap are none of documents"),
            SamplingOrder.Sequential => new SequentialIterator(tokens, batchSize, numSteps, seed),
            SamplingOrder.Random => new RandomIterator(tokens, batchSize, numSteps, seed),
            SamplingOrder.Windows => new WindowIterator(tokens, batchSize, numSteps, seed),
            _ => throw new ArgumentOutOfRangeException(nameof(order), order, "not an order"),
        };

    /// <summary>Where the minibatches of an epoch lie.</summary>
    /// <param name="epoch">Which epoch, from 0.</param>
    public EpochPlan Plan(int epoch) => Plan(new RandomStream(_seed, "minibatches", epoch));

    /// <summary>The minibatches of an epoch, in order; the caller disposes each.</summary>
    /// <param name="epoch">Which epoch, from 0.</param>
    /// <param name="device">Where the tensors shall live; default the CPU.</param>
    public IEnumerable<Minibatch> Epoch(int epoch, Device? device = null)
    {
        EpochPlan plan = Plan(epoch);
        for (int batch = 0; batch < plan.NumBatches; batch++)
            yield return Read(plan, batch, device);
    }

    /// <summary>One minibatch of a plan; the caller disposes it.</summary>
    public Minibatch Read(EpochPlan plan, int batch, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(plan);
        int rows = plan.RowsOf(batch), steps = plan.StepsOf(batch);
        var inputs = new int[rows * steps];
        var targets = new int[inputs.Length];
        plan.Fill(Tokens, batch, inputs, targets);
        return new Minibatch(TokenTensor.Of(inputs, [rows, steps], device), TokenTensor.Of(targets, [rows, steps], device));
    }

    /// <summary>Lays out one epoch with that epoch's random numbers.</summary>
    protected abstract EpochPlan Plan(RandomStream random);
}

/// <summary>Some rows of text as token ids, and what follows each token. The receiver disposes it.</summary>
/// <remarks>Thread safety: any number of threads may read its tensors; one disposes it when nobody else uses it.</remarks>
/// <param name="Inputs">Token ids, int64 [batch, num_steps].</param>
/// <param name="Targets">
/// The ids that follow them: the inputs shifted by one, int64 [batch, num_steps]; <see cref="NoTarget"/> behind the end of a document.
/// </param>
public sealed record Minibatch(Tensor Inputs, Tensor Targets) : IDisposable
{
    /// <summary>Stands where nothing is to be predicted: it counts for neither the loss nor its gradients.</summary>
    public const int NoTarget = -1;

    /// <inheritdoc/>
    public void Dispose()
    {
        Inputs.Dispose();
        Targets.Dispose();
    }
}

/// <summary>In what order an epoch reads the text.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum SamplingOrder
{
    /// <summary>Rows go on from minibatch to minibatch; the hidden state is carried along.</summary>
    Sequential,

    /// <summary>Rows come from anywhere; the hidden state starts at zero.</summary>
    Random,

    /// <summary>
    /// Every window of the text, each token beginning one, in random order; the hidden state starts at zero (Dive into Deep
    /// Learning v1.0).
    /// </summary>
    Windows,
}

/// <summary>A text has too few tokens for one minibatch.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class CorpusTooShortException : Exception
{
    /// <summary>Names both numbers and the way out.</summary>
    public CorpusTooShortException(long tokens, int batchSize, int numSteps, string part = "text")
        : base($"the {part} has {tokens} tokens, but a minibatch of {batchSize} rows of {numSteps} steps needs "
            + $"{(long)batchSize * numSteps + 1}; "
            + "take a longer text, a smaller --batch-size or fewer --num-steps")
    {
    }
}
