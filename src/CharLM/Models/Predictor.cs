namespace CharLM.Models;

/// <summary>The checks that all predictors share, so that each only computes.</summary>
internal abstract class Predictor : IPredictor
{
    /// <summary>Stands for a new row in <see cref="Rearrange"/>.</summary>
    internal const int NewRow = -1;

    private readonly OneAtATime _calls;
    private readonly ModelAccess? _access;
    private readonly bool _evaluates;
    private long _version;

    /// <summary>A predictor that has not begun.</summary>
    /// <param name="vocabSize">Number of tokens in the vocab.</param>
    /// <param name="access">Access to the model; null: nothing can change it.</param>
    /// <param name="evaluates">Whether the model must be in evaluation mode.</param>
    protected Predictor(int vocabSize, ModelAccess? access = null, bool evaluates = false)
    {
        (VocabSize, _access, _evaluates, _calls) = (vocabSize, access, evaluates, new OneAtATime(this, "predictor", Free));
    }

    /// <summary>Number of tokens in the vocab.</summary>
    protected int VocabSize { get; }

    /// <summary>Number of rows; 0 before <see cref="Begin"/>.</summary>
    protected int Rows { get; private set; }

    /// <summary>
    /// Whether the bits of a row never depend on the other rows. <see cref="Rearrange"/> then takes -1 for a new row with a zero state.
    /// </summary>
    internal virtual bool HasIndependentRows => false;

    /// <summary>Whether the predictor changes the weights itself.</summary>
    protected virtual bool Learns => false;

    /// <inheritdoc/>
    public void Begin(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        using Call call = Enter();
        Rows = 0;
        BeginRows(rows);
        (Rows, _version) = (rows, _access?.Version ?? 0);
    }

    /// <inheritdoc/>
    public void Score(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int steps, Span<float> nats,
        Span<TopPrediction> guesses = default)
    {
        using Call call = Enter();
        int tokens = Check(inputs, steps, nameof(inputs));
        Check(targets, steps, nameof(targets));
        CheckLength(nats.Length, tokens, nameof(nats));
        if (!guesses.IsEmpty)
            CheckLength(guesses.Length, tokens, nameof(guesses));
        ScoreRows(inputs, targets, steps, nats, guesses);
    }

    /// <inheritdoc/>
    public void Predict(ReadOnlySpan<int> inputs, int steps, Span<float> logits)
    {
        using Call call = Enter();
        Check(inputs, steps, nameof(inputs));
        CheckLength(logits.Length, Rows * VocabSize, nameof(logits));
        PredictRows(inputs, steps, logits);
    }

    /// <inheritdoc/>
    public void Rearrange(ReadOnlySpan<int> rows)
    {
        using Call call = Enter();
        ThrowIfNotBegun();
        ArgumentOutOfRangeException.ThrowIfZero(rows.Length, nameof(rows));
        foreach (int row in rows)
        {
            if (row != NewRow || !HasIndependentRows)
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(rows));
        }
        RearrangeRows(rows);
        Rows = rows.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => _calls.Dispose();

    /// <summary>Opens access to the model for a call.</summary>
    protected virtual ModelAccess.Lease Open() => _access?.Read(_evaluates) ?? default;

    /// <summary>Sets the state of a number of rows to zero; <see cref="Rows"/> is set afterwards.</summary>
    protected abstract void BeginRows(int rows);

    /// <inheritdoc cref="IPredictor.Score"/>
    protected abstract void ScoreRows(
        ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int steps, Span<float> nats, Span<TopPrediction> guesses);

    /// <inheritdoc cref="IPredictor.Predict"/>
    protected abstract void PredictRows(ReadOnlySpan<int> inputs, int steps, Span<float> logits);

    /// <inheritdoc cref="IPredictor.Rearrange"/>
    protected abstract void RearrangeRows(ReadOnlySpan<int> rows);

    /// <summary>Frees the resources; called once.</summary>
    protected abstract void Free();

    private Call Enter()
    {
        _calls.Enter();
        try
        {
            return new Call(_calls, Open());
        }
        catch
        {
            _calls.Exit();
            throw;
        }
    }

    private int Check(ReadOnlySpan<int> tokens, int steps, string name)
    {
        ThrowIfNotBegun();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(steps);
        CheckLength(tokens.Length, (long)Rows * steps, name);
        int wrong = tokens.IndexOfAnyExceptInRange(0, VocabSize - 1);
        if (wrong >= 0)
            throw new ArgumentOutOfRangeException(name, tokens[wrong], $"token ids are 0 to {VocabSize - 1}");
        return tokens.Length;
    }

    private static void CheckLength(int length, long expected, string name)
    {
        if (length != expected)
            throw new ArgumentException($"has {length} values, expected {expected}", name);
    }

    private void ThrowIfNotBegun()
    {
        if (Rows == 0)
            throw new InvalidOperationException("the predictor has no rows yet: call Begin first");
        if (_access is not null && _access.Version != _version && !Learns)
            throw new InvalidOperationException("the model has been trained since this predictor or session began: begin again");
    }

    private readonly ref struct Call(OneAtATime calls, ModelAccess.Lease lease) : IDisposable
    {
        public void Dispose()
        {
            lease.Dispose();
            calls.Exit();
        }
    }
}
