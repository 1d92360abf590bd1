namespace CharLM.Models.Fused;

/// <summary>Predicts with the kernels.</summary>
internal sealed class FusedPredictor : IPredictor
{
    // Laying out the tokens of a small vocab costs less than a few steps of text; those of a large one may never come.
    private const int SmallVocab = 1_024;

    private readonly LanguageModel _model;
    private readonly FusedNetwork _network;
    private int _rows;

    /// <summary>A predictor of a model.</summary>
    public FusedPredictor(LanguageModel model)
    {
        _model = model;
        _network = new FusedNetwork(model.Config, model.VocabSize, model.Fused.Weights, model.Fused.Workers);
        if (model.VocabSize <= SmallVocab)
            _network.HoldAllTokens();
    }

    /// <inheritdoc/>
    public void Begin(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        _rows = rows;
        _network.ZeroState();
    }

    /// <inheritdoc/>
    public void Score(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int steps, Span<float> nats, Span<Guess> guesses = default)
    {
        _network.Measure(inputs, targets, _rows, steps);
        ReadOnlySpan<float> byStep = _network.Nats;
        for (int row = 0; row < _rows; row++)
        {
            for (int step = 0; step < steps; step++)
                nats[(row * steps) + step] = byStep[(step * _rows) + row];
        }
        if (guesses.IsEmpty)
            return;
        var logits = new float[_model.VocabSize];
        for (int i = 0; i < guesses.Length; i++)
        {
            _network.CopyLogits((i % steps * _rows) + (i / steps), logits);
            guesses[i] = Guess.Of(logits, targets[i], nats[i]);
        }
    }

    /// <inheritdoc/>
    public void Predict(ReadOnlySpan<long> inputs, int steps, Span<float> logits)
    {
        _network.Predict(inputs, _rows, steps);
        for (int row = 0; row < _rows; row++)
            _network.CopyLogits(((steps - 1) * _rows) + row, logits.Slice(row * _model.VocabSize, _model.VocabSize));
    }

    /// <inheritdoc/>
    public void Rearrange(ReadOnlySpan<int> rows)
    {
        ArgumentOutOfRangeException.ThrowIfZero(rows.Length);
        foreach (int row in rows)
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)_rows, nameof(rows));
        _network.Rearrange(rows, _rows);
        _rows = rows.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => _network.Dispose();
}
