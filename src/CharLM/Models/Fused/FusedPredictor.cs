using CharLM.Models.Fused.Threads;

namespace CharLM.Models.Fused;

/// <summary>Predicts with the kernels.</summary>
internal sealed class FusedPredictor : Predictor
{
    // Packing all tokens of a small vocab costs less than a few steps of text; many tokens of a large one may never occur.
    private const int SmallVocab = 1_024;

    private readonly IFusedModel _model;
    private FusedRuntime _runtime;
    private FusedNetwork? _network;
    private ulong _checksum;

    /// <summary>A predictor of a model.</summary>
    public FusedPredictor(IFusedModel model)
        : base(model.VocabSize, model.Access)
    {
        using ModelAccess.Lease reading = model.Access.Read();
        (_model, _runtime) = (model, model.Fused);
    }

    /// <summary>Packs the weights again if they have changed or moved, which may happen without the trainer.</summary>
    /// <inheritdoc/>
    protected override void BeginRows(int rows)
    {
        FusedRuntime runtime = _model.Fused;
        ulong checksum = runtime.Weights.Checksum();
        if (_network is null || runtime != _runtime)
        {
            _network?.Dispose();
            (_network, _runtime) = (new FusedNetwork(_model.Config, VocabSize, runtime.Weights, runtime.Workers), runtime);
            if (VocabSize <= SmallVocab)
                _network.HoldAllTokens();
        }
        else if (checksum != _checksum)
        {
            _network.WeightsChanged();
        }
        _checksum = checksum;
        _network.Stack.ZeroState();
    }

    /// <inheritdoc/>
    protected override void ScoreRows(
        ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int steps, Span<float> nats, Span<TopPrediction> guesses)
    {
        FusedNetwork network = Network;
        network.Measure(inputs, targets, Rows, steps);
        for (int row = 0; row < Rows; row++)
        {
            for (int step = 0; step < steps; step++)
                nats[(row * steps) + step] = network.Nats(step, row);
        }
        if (guesses.IsEmpty)
            return;
        var logits = new float[VocabSize];
        for (int i = 0; i < guesses.Length; i++)
        {
            network.CopyLogits(i % steps, i / steps, logits);
            guesses[i] = TopPrediction.Of(logits, targets[i], nats[i]);
        }
    }

    /// <inheritdoc/>
    protected override void PredictRows(ReadOnlySpan<int> inputs, int steps, Span<float> logits)
    {
        FusedNetwork network = Network;
        network.Predict(inputs, Rows, steps);
        for (int row = 0; row < Rows; row++)
            network.CopyLogits(steps - 1, row, logits.Slice(row * VocabSize, VocabSize));
    }

    /// <inheritdoc/>
    internal override bool HasIndependentRows => true;

    /// <inheritdoc/>
    protected override void RearrangeRows(ReadOnlySpan<int> rows) => Network.Stack.Rearrange(rows, Rows);

    /// <inheritdoc/>
    protected override void Free() => _network?.Dispose();

    // The memory of moved weights may already be in other use.
    private FusedNetwork Network
    {
        get
        {
            _runtime.Weights.ThrowIfMoved("begin again");
            return _network!;
        }
    }
}
