using CharLM.Models;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Evaluation;

/// <summary>Predicts with torch's operations, and learns from each segment after it was measured.</summary>
internal sealed class DynamicPredictor : Predictor
{
    private readonly LanguageModel _model;
    private readonly DynamicEvaluationConfig _config;
    private readonly ModelAccess.Evaluation _evaluation;
    private readonly List<(Parameter Weight, Tensor Trained)> _weights;
    private RecurrentState? _state;

    /// <summary>A predictor of a model, which is in evaluation mode, changes its weights and serves nobody else until this is disposed.</summary>
    public DynamicPredictor(LanguageModel model, DynamicEvaluationConfig config)
        : base((model ?? throw new ArgumentNullException(nameof(model))).VocabSize, model.Access)
    {
        config.Validate();
        if (model.UsesKernels)
            throw new InvalidConfigException(["dynamic evaluation learns with torch's operations: build the model as built-in or custom"]);
        (_model, _config) = (model, config);
        model.Access.Reserve(this);
        _evaluation = model.Access.Evaluate(this);
        using IDisposable unrecorded = no_grad();
        _weights = [.. model.parameters().Select(weight => (weight, weight.detach().clone().DetachFromDisposeScope()))];
    }

    /// <summary>Refuses rows side by side: they would learn from what is not yet read.</summary>
    /// <exception cref="InvalidConfigException">There is more than one.</exception>
    public static void RefuseRows(int rows)
    {
        if (rows != 1)
            throw new InvalidConfigException([$"dynamic evaluation reads a text from its beginning to its end, in 1 row, not {rows}"]);
    }

    /// <inheritdoc/>
    protected override bool Learns => true;

    /// <inheritdoc/>
    protected override ModelAccess.Lease Open() => _model.Access.Change(this);

    /// <inheritdoc/>
    protected override void BeginRows(int rows)
    {
        RefuseRows(rows);
        using IDisposable unrecorded = no_grad();
        _state?.Dispose();
        _state = _model.ZeroState(1).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    protected override void ScoreRows(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int steps, Span<float> nats, Span<Guess> guesses)
    {
        for (int from = 0; from < steps; from += _config.SegmentLength)
        {
            int some = Math.Min(_config.SegmentLength, steps - from);
            ScoreSegment(inputs.Slice(from, some), targets.Slice(from, some), nats.Slice(from, some), guesses.IsEmpty ? default : guesses.Slice(from, some));
        }
    }

    /// <inheritdoc/>
    protected override void PredictRows(ReadOnlySpan<long> inputs, int steps, Span<float> logits) =>
        throw new NotSupportedException("dynamic evaluation measures; it does not generate");

    /// <inheritdoc/>
    protected override void RearrangeRows(ReadOnlySpan<int> rows) => throw new NotSupportedException("dynamic evaluation measures; it does not generate");

    /// <inheritdoc/>
    protected override void Free()
    {
        if (!_model.Access.IsDisposed)
        {
            using ModelAccess.Lease change = _model.Access.Change(this);
            using IDisposable unrecorded = no_grad();
            foreach ((Parameter weight, Tensor trained) in _weights)
                weight.copy_(trained);
            _model.zero_grad();
        }
        foreach ((_, Tensor trained) in _weights)
            trained.Dispose();
        _state?.Dispose();
        _evaluation.Dispose();
        _model.Access.Release();
    }

    private void ScoreSegment(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, Span<float> nats, Span<Guess> guesses)
    {
        RecurrentState before = _state!;
        using DisposeScope scope = NewDisposeScope();
        (Tensor logits, RecurrentState after) = _model.Compute(tensor(inputs.ToArray(), [1, inputs.Length], device: _model.Device), before);     // [steps, vocab]
        Tensor losses = nn.functional.cross_entropy(logits, tensor(targets.ToArray(), device: _model.Device), reduction: nn.Reduction.None);  // [steps]
        Values(losses).CopyTo(nats);
        if (!guesses.IsEmpty)
        {
            float[] values = Values(logits);
            for (int i = 0; i < guesses.Length; i++)
                guesses[i] = Guess.Of(values.AsSpan(i * _model.VocabSize, _model.VocabSize), targets[i], nats[i]);
        }
        // Where every weight is frozen there is nothing to learn with.
        if (losses.requires_grad)
        {
            _model.zero_grad();
            losses.mean().backward();
            Learn();
        }
        // Gradients stop here, as between the minibatches of training.
        _state = after.Detach().DetachFromDisposeScope();
        before.Dispose();
    }

    // w <- w - lr * g + decay * (trained w - w): the paper's equations 4 and 5.
    private void Learn()
    {
        using IDisposable unrecorded = no_grad();
        foreach ((Parameter weight, Tensor trained) in _weights)
        {
            if (weight.grad is { } gradient)
                weight.copy_(weight - Multiply(gradient, _config.LearningRate));
            if (_config.Decay > 0)
                weight.copy_(Add(weight, Multiply(trained - weight, _config.Decay)));
        }
    }

    private static float[] Values(Tensor values)
    {
        using TensorAccessor<float> accessor = values.detach().to_type(ScalarType.Float32).cpu().contiguous().data<float>();
        return accessor.ToArray();
    }
}
