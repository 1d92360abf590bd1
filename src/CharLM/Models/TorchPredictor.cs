using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>Predicts with a model's torch operations.</summary>
internal sealed class TorchPredictor : IPredictor
{
    private readonly LanguageModel _model;
    private readonly bool _wasTraining;
    private RecurrentState? _state;
    private int _rows;

    /// <summary>A predictor of a model, which is in evaluation mode until this is disposed.</summary>
    public TorchPredictor(LanguageModel model)
    {
        (_model, _wasTraining) = (model, model.training);
        model.eval();
    }

    /// <inheritdoc/>
    public void Begin(int rows)
    {
        using IDisposable unrecorded = no_grad();
        _state?.Dispose();
        (_rows, _state) = (rows, _model.BeginState(rows).DetachFromDisposeScope());
    }

    /// <inheritdoc/>
    public void Score(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int steps, Span<float> nats)
    {
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = Read(inputs, steps);
        Tensor expected = LanguageModel.StepByStep(tensor(targets.ToArray(), [_rows, steps], device: _model.Device));
        using TensorAccessor<float> values = nn.functional.cross_entropy(logits, expected, reduction: nn.Reduction.None)
            .view(steps, _rows).t().contiguous().to_type(ScalarType.Float32).cpu().data<float>();                    // [rows, steps]
        values.ToArray().CopyTo(nats);
    }

    /// <inheritdoc/>
    public void Predict(ReadOnlySpan<long> inputs, int steps, Span<float> logits)
    {
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using TensorAccessor<float> values = Read(inputs, steps).narrow(0, (steps - 1) * _rows, _rows).contiguous().to_type(ScalarType.Float32).cpu().data<float>();
        values.ToArray().CopyTo(logits);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _state?.Dispose();
        _state = null;
        _model.train(_wasTraining);
    }

    private Tensor Read(ReadOnlySpan<long> inputs, int steps)
    {
        RecurrentState before = _state ?? throw new InvalidOperationException("Begin was not called");
        (Tensor logits, RecurrentState after) = _model.Forward(tensor(inputs.ToArray(), [_rows, steps], device: _model.Device), before);
        before.Dispose();
        // Out of every scope: the caller's, if it has one, must not free the state between two calls.
        _state = after.DetachFromDisposeScope();
        return logits;                                                                                              // [steps * rows, vocab]
    }
}
