using CharLM.Tokenization;

namespace CharLM.Batching;

/// <summary>Where in the text each row of an epoch's minibatches lies; iterators differ in nothing else.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="BatchSize">Rows per minibatch; the last may have fewer.</param>
/// <param name="NumSteps">Tokens per row.</param>
/// <param name="TotalRows">Rows of the whole epoch, 1 or more.</param>
/// <param name="Start">The position in the text of a row's first token, given the minibatch and the row, both from 0.</param>
public record EpochPlan(int BatchSize, int NumSteps, long TotalRows, Func<int, int, long> Start)
{
    /// <summary>Number of minibatches in the epoch.</summary>
    public virtual int NumBatches => checked((int)((TotalRows + BatchSize - 1) / BatchSize));

    /// <summary>Tokens predicted in the epoch.</summary>
    public virtual long NumTokens => TotalRows * NumSteps;

    /// <summary>Number of rows in a minibatch.</summary>
    /// <param name="batch">Which minibatch, from 0.</param>
    public virtual int RowsOf(int batch) => (int)Math.Min(BatchSize, TotalRows - ((long)batch * BatchSize));

    /// <summary>Number of steps in a minibatch: tokens per row.</summary>
    /// <param name="batch">Which minibatch, from 0.</param>
    public virtual int StepsOf(int batch) => NumSteps;

    /// <summary>Whether a minibatch starts from a zero state instead of continuing the one before.</summary>
    /// <param name="batch">Which minibatch, 0 to <see cref="NumBatches"/> - 1.</param>
    public virtual bool BeginsAnew(int batch) => batch == 0;

    /// <summary>Writes one minibatch.</summary>
    /// <param name="tokens">The text that the plan was made for.</param>
    /// <param name="batch">Which minibatch, 0 to <see cref="NumBatches"/> - 1.</param>
    /// <param name="inputs">Receives token ids [rows, num_steps], row by row.</param>
    /// <param name="targets">Receives the ids that follow them, [rows, num_steps].</param>
    public virtual void Fill(TokenSource tokens, int batch, Span<int> inputs, Span<int> targets) =>
        FillRows(tokens, batch, 0, RowsOf(batch), inputs, targets);

    /// <summary>Targets of a minibatch.</summary>
    internal virtual int TargetsOf(int batch) => RowsOf(batch) * StepsOf(batch);

    /// <summary>Writes some rows of a minibatch.</summary>
    /// <param name="tokens">The text that the plan was made for.</param>
    /// <param name="batch">Which minibatch.</param>
    /// <param name="first">The first row.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="inputs">Receives token ids [count, num_steps], row by row.</param>
    /// <param name="targets">Receives the ids that follow them.</param>
    internal virtual void FillRows(TokenSource tokens, int batch, int first, int count, Span<int> inputs, Span<int> targets)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        for (int row = 0; row < count; row++)
        {
            int place = row * NumSteps;
            tokens.CopyWindow(Start(batch, first + row), inputs.Slice(place, NumSteps), targets.Slice(place, NumSteps));
        }
    }
}
