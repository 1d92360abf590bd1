using CharLM.Models;
using CharLM.Torch;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Evaluation;

/// <summary>
/// A model that keeps learning from the text it is measured on: each segment is measured before the model learns from it, so it never
/// predicts what it has already seen (Krause et al. 2018, "Dynamic evaluation of neural sequence models", with decay to the trained
/// weights; by stochastic gradient descent or by their form of RMSProp).
/// </summary>
/// <remarks>Thread safety: one predictor at a time; while it is open, nothing else may use the model.</remarks>
/// <param name="model">The trained model, owned by the caller; disposing a predictor restores its weights.</param>
/// <param name="config">How it learns.</param>
/// <param name="usual">The usual size of the gradients, owned by the caller; only the RMS form needs it.</param>
internal sealed class DynamicModel(LanguageModel model, DynamicEvaluationConfig config, GradientSizes? usual = null) : ILanguageModel
{
    /// <inheritdoc/>
    public int VocabSize => model.VocabSize;

    /// <summary>How it learns.</summary>
    public DynamicEvaluationConfig Config => config;

    /// <inheritdoc/>
    /// <exception cref="InvalidConfigException">The configuration is invalid, or the kernels compute the model.</exception>
    /// <exception cref="InvalidOperationException">The model is already learning: one dynamic evaluation or trainer at a time.</exception>
    public IPredictor Predictor() => new DynamicPredictor(model, config, usual);

    /// <summary>Does nothing: the caller owns the model.</summary>
    public void Dispose()
    {
    }
}

/// <summary>How a model keeps learning from the text that it is measured on (Krause et al. 2018).</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record DynamicEvaluationConfig
{
    private const double RateOfSgd = 0.05, RateOfRms = 0.0005;

    /// <summary>
    /// Tokens that are measured before the model learns from them, 1 to 10,000; default 20, the paper's value for characters.
    /// </summary>
    public int SegmentLength { get; init; } = 20;

    /// <summary>
    /// Whether a weight's gradient is divided by its root mean square over training text, and the decay multiplied by it: weights that
    /// usually learn little move as far as others, and those that usually learn much return faster; default false.
    /// </summary>
    public bool Rms { get; init; }

    /// <summary>
    /// Step size on the mean loss of a segment, above 0 and finite; default null: 0.05, with <see cref="Rms"/> 0.0005.
    /// </summary>
    public double? LearningRate { get; init; }

    /// <summary>The fraction of the way back to the trained weights that each step takes, in [0, 1); default 0.001.</summary>
    public double Decay { get; init; } = 0.001;

    /// <summary>A description for reports.</summary>
    public string Describe() =>
        $"dynamic evaluation{(Rms ? " with RMS" : "")}: a step after every {SegmentLength} tokens, learning rate {Rate}, decay {Decay}";

    /// <summary>The learning rate.</summary>
    internal double Rate => LearningRate ?? (Rms ? RateOfRms : RateOfSgd);

    /// <summary>Every error of the configuration; empty when there is none.</summary>
    public IEnumerable<string> Errors()
    {
        if (SegmentLength is < 1 or > 10_000)
            yield return $"dynamic-steps must be 1 to 10000, not {SegmentLength}";
        if (!(Rate > 0 && double.IsFinite(Rate)))
            yield return $"dynamic-lr must be above 0 and finite, not {Rate}";
        if (!(Decay is >= 0 and < 1))
            yield return $"dynamic-decay must be 0 to below 1, not {Decay}";
    }

    /// <summary>Throws when the configuration has an error.</summary>
    /// <exception cref="InvalidConfigException">Lists every error.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Errors());
}

/// <summary>Predicts with torch's operations, and learns from each segment after measuring it.</summary>
internal sealed class DynamicPredictor : Predictor
{
    // Keeps a weight that hardly ever had a gradient from moving far.
    private const float LeastSize = 1e-5f;

    private readonly LanguageModel _model;
    private readonly DynamicEvaluationConfig _config;
    private readonly ModelAccess.Evaluation _evaluation;
    private readonly List<(Parameter Weight, Tensor Trained)> _weights;
    // With RMS, for each weight: what a gradient is multiplied by, and what the difference from the trained value is.
    private readonly List<(Tensor Gain, Tensor Decay)> _scales = [];
    private RecurrentState? _state;

    /// <summary>A predictor that reserves the model, in evaluation mode and with changing weights, until it is disposed.</summary>
    public DynamicPredictor(LanguageModel model, DynamicEvaluationConfig config, GradientSizes? usual = null)
        : base((model ?? throw new ArgumentNullException(nameof(model))).VocabSize, model.Access)
    {
        config.Validate();
        if (model.UsesKernels)
            throw new InvalidConfigException(["dynamic evaluation learns with torch's operations: build the model as built-in or custom"]);
        if (config.Rms && usual is null)
            throw new InvalidConfigException(["dynamic evaluation with RMS needs the usual size of the model's gradients"]);
        (_model, _config) = (model, config);
        model.Access.Reserve(this);
        _evaluation = model.Access.Evaluate(this);
        using IDisposable unrecorded = no_grad();
        _weights = [.. model.parameters().Select(weight => (weight, weight.detach().clone().DetachFromDisposeScope()))];
        if (config.Rms)
            _scales = [.. usual!.Roots.Select(root => ScaleOf(root, usual.Mean))];
    }

    /// <summary>Refuses rows side by side: one row would learn from text that another has yet to predict.</summary>
    /// <exception cref="InvalidConfigException">There is more than one.</exception>
    public static void RefuseRows(int rows)
    {
        if (rows != 1)
            throw new InvalidConfigException([$"dynamic evaluation reads a text from beginning to end, in 1 row, not {rows}"]);
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
    protected override void ScoreRows(
        ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int steps, Span<float> nats, Span<TopPrediction> guesses)
    {
        for (int from = 0; from < steps; from += _config.SegmentLength)
        {
            int some = Math.Min(_config.SegmentLength, steps - from);
            ScoreSegment(inputs.Slice(from, some), targets.Slice(from, some), nats.Slice(from, some),
                guesses.IsEmpty ? default : guesses.Slice(from, some));
        }
    }

    /// <inheritdoc/>
    protected override void PredictRows(ReadOnlySpan<int> inputs, int steps, Span<float> logits) =>
        throw new NotSupportedException("dynamic evaluation measures; it does not generate");

    /// <inheritdoc/>
    protected override void RearrangeRows(ReadOnlySpan<int> rows) =>
        throw new NotSupportedException("dynamic evaluation measures; it does not generate");

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
        foreach ((Tensor gain, Tensor decay) in _scales)
        {
            gain.Dispose();
            decay.Dispose();
        }
        _state?.Dispose();
        _evaluation.Dispose();
        _model.Access.Release();
    }

    private void ScoreSegment(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, Span<float> nats, Span<TopPrediction> guesses)
    {
        RecurrentState before = _state!;
        using DisposeScope scope = NewDisposeScope();
        // [steps, vocab]
        (Tensor logits, RecurrentState after) = _model.Compute(TokenTensor.Of(inputs, [1, inputs.Length], _model.Device), before);
        // [steps]
        Tensor losses = nn.functional.cross_entropy(
            logits, TokenTensor.Of(targets, [targets.Length], _model.Device), reduction: nn.Reduction.None);
        Values(losses).CopyTo(nats);
        if (!guesses.IsEmpty)
        {
            float[] values = Values(logits);
            for (int i = 0; i < guesses.Length; i++)
                guesses[i] = TopPrediction.Of(values.AsSpan(i * _model.VocabSize, _model.VocabSize), targets[i], nats[i]);
        }
        // With all weights frozen there is no gradient.
        if (losses.requires_grad)
        {
            _model.zero_grad();
            losses.mean().backward();
            Learn();
        }
        // Gradients stop here, as between minibatches in training.
        _state = after.Detach().DetachFromDisposeScope();
        before.Dispose();
    }

    // w <- w - lr * g + decay * (trained w - w), the paper's equations 4 and 5; with RMS (equations 6 and 7) g is divided by its root mean
    // square over training text, and decay is multiplied by that, relative to its mean over all weights, but 1 at most.
    private void Learn()
    {
        using IDisposable unrecorded = no_grad();
        for (int i = 0; i < _weights.Count; i++)
        {
            (Parameter weight, Tensor trained) = _weights[i];
            if (weight.grad is { } gradient)
                weight.copy_(weight - Multiply(_config.Rms ? gradient * _scales[i].Gain : gradient, _config.Rate));
            if (_config.Decay > 0)
                weight.copy_(Add(weight, _config.Rms ? (trained - weight) * _scales[i].Decay : Multiply(trained - weight, _config.Decay)));
        }
    }

    private (Tensor Gain, Tensor Decay) ScaleOf(Tensor root, double mean)
    {
        using DisposeScope scope = NewDisposeScope();
        return (Add(root, LeastSize).reciprocal().DetachFromDisposeScope(),
            Multiply(root, _config.Decay / mean).clamp_max(1).DetachFromDisposeScope());
    }

    private static float[] Values(Tensor values)
    {
        using TensorAccessor<float> accessor = values.detach().to_type(ScalarType.Float32).cpu().contiguous().data<float>();
        return accessor.ToArray();
    }
}
