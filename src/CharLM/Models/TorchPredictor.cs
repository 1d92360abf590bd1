using CharLM.Torch;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>Predicts with a model's torch operations.</summary>
internal sealed class TorchPredictor : Predictor
{
    private readonly LanguageModel _model;
    private readonly ModelAccess.Evaluation _evaluation;
    private RecurrentState? _state;

    /// <summary>A predictor that keeps the model in evaluation mode until it is disposed.</summary>
    public TorchPredictor(LanguageModel model)
        : base(model.VocabSize, model.Access, evaluates: true) => (_model, _evaluation) = (model, model.Access.Evaluate());

    /// <inheritdoc/>
    protected override void BeginRows(int rows)
    {
        using IDisposable unrecorded = no_grad();
        _state?.Dispose();
        _state = _model.ZeroState(rows).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    protected override void ScoreRows(
        ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int steps, Span<float> nats, Span<TopPrediction> guesses)
    {
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = Read(inputs, steps);
        Tensor expected = LanguageModel.StepByStep(TokenTensor.Of(targets, [Rows, steps], _model.Device));
        using TensorAccessor<float> values = nn.functional.cross_entropy(logits, expected, reduction: nn.Reduction.None)
            .view(steps, Rows).t().contiguous().to_type(ScalarType.Float32).cpu().data<float>();                     // [rows, steps]
        values.ToArray().CopyTo(nats);
        if (!guesses.IsEmpty)
            GuessFrom(logits, steps, guesses);
    }

    /// <inheritdoc/>
    protected override void PredictRows(ReadOnlySpan<int> inputs, int steps, Span<float> logits)
    {
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using TensorAccessor<float> values = Read(inputs, steps).narrow(0, (steps - 1) * Rows, Rows).contiguous()
            .to_type(ScalarType.Float32).cpu().data<float>();
        values.ToArray().CopyTo(logits);
    }

    /// <inheritdoc/>
    protected override void RearrangeRows(ReadOnlySpan<int> rows)
    {
        RecurrentState before = _state!;
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor index = TokenTensor.Of(rows, [rows.Length], _model.Device);
        _state = new RecurrentState(
            before.Hidden.index_select(1, index), before.Cell?.index_select(1, index), before.Memory?.index_select(1, index))
                .DetachFromDisposeScope();
        before.Dispose();
    }

    /// <inheritdoc/>
    protected override void Free()
    {
        _state?.Dispose();
        _evaluation.Dispose();
    }

    private void GuessFrom(Tensor logits, int steps, Span<TopPrediction> guesses)
    {
        (Tensor highest, Tensor best) = logits.max(dim: -1);                                                        // [steps * rows]
        using TensorAccessor<float> probabilities = exp(highest - logits.logsumexp(dim: -1)).to_type(ScalarType.Float32).cpu()
            .data<float>();
        using TensorAccessor<long> ids = best.cpu().data<long>();
        (float[] probability, long[] id) = (probabilities.ToArray(), ids.ToArray());
        for (int i = 0; i < guesses.Length; i++)
        {
            int place = (i % steps * Rows) + (i / steps);
            guesses[i] = new TopPrediction((int)id[place], Math.Min(1, probability[place]));
        }
    }

    private Tensor Read(ReadOnlySpan<int> inputs, int steps)
    {
        RecurrentState before = _state!;
        (Tensor logits, RecurrentState after) = _model.Compute(TokenTensor.Of(inputs, [Rows, steps], _model.Device), before);
        before.Dispose();
        // Detached from every scope, so that a caller's scope cannot free the state between two calls.
        _state = after.DetachFromDisposeScope();
        return logits;                                                                                              // [steps * rows, vocab]
    }
}
