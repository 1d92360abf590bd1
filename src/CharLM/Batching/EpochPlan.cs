namespace CharLM.Batching;

/// <summary>Where the rows of an epoch's minibatches lie in the text: all that tells one iterator from another.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="BatchSize">Rows of a minibatch; the last may have fewer.</param>
/// <param name="NumSteps">Tokens of a row.</param>
/// <param name="TotalRows">Rows of the whole epoch, 1 or more.</param>
/// <param name="Start">The place in the text of the first token of row <c>row</c> of minibatch <c>batch</c>.</param>
public sealed record EpochPlan(int BatchSize, int NumSteps, int TotalRows, Func<int, int, int> Start)
{
    /// <summary>Minibatches of the epoch.</summary>
    public int NumBatches => (TotalRows + BatchSize - 1) / BatchSize;

    /// <summary>Tokens that the epoch predicts.</summary>
    public long NumTokens => (long)TotalRows * NumSteps;

    /// <summary>Rows of a minibatch.</summary>
    public int RowsOf(int batch) => Math.Min(BatchSize, TotalRows - (batch * BatchSize));

    /// <summary>Writes one minibatch.</summary>
    /// <param name="tokens">The text that the plan was made for.</param>
    /// <param name="batch">Which minibatch, 0 to <see cref="NumBatches"/> - 1.</param>
    /// <param name="inputs">Receives token ids [rows, num_steps], row by row.</param>
    /// <param name="targets">Receives the ids that follow them.</param>
    public void Fill(ReadOnlySpan<int> tokens, int batch, Span<long> inputs, Span<long> targets)
    {
        for (int row = 0; row < RowsOf(batch); row++)
        {
            ReadOnlySpan<int> window = tokens.Slice(Start(batch, row), NumSteps + 1);
            int place = row * NumSteps;
            for (int step = 0; step < NumSteps; step++)
            {
                inputs[place + step] = window[step];
                targets[place + step] = window[step + 1];
            }
        }
    }
}
