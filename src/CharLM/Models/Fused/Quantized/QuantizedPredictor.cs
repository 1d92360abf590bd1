using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Threads;

namespace CharLM.Models.Fused.Quantized;

/// <summary>
/// Predicts with integer weights, row by row: made for one text, where the weights' bytes are the cost. The workers share several rows,
/// whose figures do not depend on each other.
/// </summary>
internal sealed unsafe class QuantizedPredictor : Predictor
{
    private readonly QuantizedNetwork _network;
    private readonly Workers _workers;
    private readonly Action<int> _work;
    private PanelBuffer _states = new(1), _memory = new(1);

    // The call in progress.
    private int* _inputs, _targets;
    private float* _nats, _logits;
    private TopPrediction* _guesses;
    private int _steps;

    /// <summary>A predictor of a model.</summary>
    public QuantizedPredictor(FusedModel model)
        : base(model.VocabSize, model.Access)
    {
        using ModelAccess.Lease reading = model.Access.Read();
        (_network, _workers) = (model.Quantized, model.Fused.Workers);
        _work = Work;
    }

    /// <inheritdoc/>
    protected override void BeginRows(int rows)
    {
        Resize(ref _states, (long)rows * _network.StateLength);
        Resize(ref _memory, (long)rows * _network.RowLength);
    }

    /// <inheritdoc/>
    protected override void ScoreRows(
        ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int steps, Span<float> nats, Span<TopPrediction> guesses)
    {
        fixed (int* inputIds = inputs, targetIds = targets)
        {
            fixed (float* surprisals = nats)
            {
                fixed (TopPrediction* predictions = guesses)
                    Run(inputs, inputIds, targetIds, steps, surprisals, predictions, null);
            }
        }
    }

    /// <inheritdoc/>
    protected override void PredictRows(ReadOnlySpan<int> inputs, int steps, Span<float> logits)
    {
        fixed (int* ids = inputs)
        {
            fixed (float* values = logits)
                Run(inputs, ids, null, steps, null, null, values);
        }
    }

    /// <inheritdoc/>
    protected override void RearrangeRows(ReadOnlySpan<int> rows)
    {
        var states = new PanelBuffer((long)rows.Length * _network.StateLength);
        for (int row = 0; row < rows.Length; row++)
        {
            new ReadOnlySpan<float>(State(rows[row]), _network.StateLength)
                .CopyTo(new Span<float>(states.Data + ((nint)row * _network.StateLength), _network.StateLength));
        }
        _states.Dispose();
        _states = states;
        if (_memory.Length < (long)rows.Length * _network.RowLength)
            Resize(ref _memory, (long)rows.Length * _network.RowLength);
    }

    /// <inheritdoc/>
    protected override void Free()
    {
        _states.Dispose();
        _memory.Dispose();
    }

    private void Run(ReadOnlySpan<int> tokens, int* inputs, int* targets, int steps, float* nats, TopPrediction* guesses, float* logits)
    {
        _network.Prepare(tokens);
        _inputs = inputs;
        _targets = targets;
        _steps = steps;
        _nats = nats;
        _guesses = guesses;
        _logits = logits;
        if (Rows == 1)
            Work(0);
        else
            _workers.Run(Math.Min(_workers.Count, Rows), Rows, _work);
    }

    private void Work(int row)
    {
        float* state = State(row), memory = _memory.Data + ((nint)row * _network.RowLength);
        for (int i = row * _steps; i < (row + 1) * _steps; i++)
        {
            _network.Read(_inputs[i], state, memory);
            if (_nats is null)
                continue;
            ReadOnlySpan<float> logits = _network.Logits(state, memory);
            _nats[i] = (float)(LogitMath.LogSumExp(logits) - logits[_targets[i]]);
            if (_guesses is not null)
                _guesses[i] = TopPrediction.Of(logits[..VocabSize], _targets[i], _nats[i]);
        }
        if (_logits is not null)
            _network.Logits(state, memory)[..VocabSize].CopyTo(new Span<float>(_logits + ((nint)row * VocabSize), VocabSize));
    }

    private float* State(int row) => _states.Data + ((nint)row * _network.StateLength);

    private static void Resize(ref PanelBuffer buffer, long floats)
    {
        buffer.Dispose();
        buffer = new PanelBuffer(floats);
    }
}
