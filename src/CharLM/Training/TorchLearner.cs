using CharLM.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>Learns with torch's automatic differentiation.</summary>
internal sealed class TorchLearner(LanguageModel model, IUpdate update) : ILearner
{
    private RecurrentState? _state;

    /// <inheritdoc/>
    public IUpdate Update { get; } = update;

    /// <inheritdoc/>
    public void ResetState()
    {
        _state?.Dispose();
        _state = null;
    }

    /// <inheritdoc/>
    public double Learn(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int batch, int steps, ulong dropoutKey)
    {
        using DisposeScope scope = NewDisposeScope();
        model.train();
        if (model.Config.Dropout > 0)
            manual_seed((long)(dropoutKey >> 1)); // dropout draws from torch's own generator, which takes no stream of ours
        long[] shape = [batch, steps];
        RecurrentState before = _state ?? model.BeginState(batch);
        (Tensor logits, RecurrentState after) = model.Forward(tensor(inputs.ToArray(), shape, device: model.Device), before);
        Tensor loss = nn.functional.cross_entropy(logits, LanguageModel.StepByStep(tensor(targets.ToArray(), shape, device: model.Device)));
        Update.ZeroGradients();
        loss.backward();
        // Gradients stop here: what the next minibatch begins with has no history.
        ResetState();
        _state = after.Detach().MoveToOuterDisposeScope();
        return loss.ToDouble();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ResetState();
        Update.Dispose();
    }
}
