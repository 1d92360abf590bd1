using CharLM.Models;
using TorchSharp;
using static CharLM.Models.TensorMath;
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
    public double Learn(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int batch, int steps, ulong dropoutKey, ReadOnlySpan<float> gradientScales)
    {
        using DisposeScope scope = NewDisposeScope();
        model.train();
        if (model.Config.Drops)
            manual_seed((long)(dropoutKey >> 1)); // dropout draws from torch's own generator, which takes no stream of ours
        Tensor ids = tensor(inputs.ToArray(), [batch, steps], device: model.Device);
        Tensor expected = LanguageModel.StepByStep(tensor(targets.ToArray(), [batch, steps], device: model.Device));
        RecurrentState before = _state ?? model.ZeroState(batch);
        (Tensor logits, RecurrentState after) = gradientScales.IsEmpty ? model.Compute(ids, before) : ForwardStepByStep(ids, before, gradientScales);
        Tensor loss = nn.functional.cross_entropy(logits, expected);
        Update.ZeroGradients();
        loss.backward();
        // Gradients stop here: what the next minibatch begins with has no history.
        ResetState();
        _state = after.Detach().MoveToOuterDisposeScope();
        return FloatArray.ValueOf(loss);
    }

    /// <inheritdoc/>
    public CarriedState CopyState()
    {
        using DisposeScope scope = NewDisposeScope();
        return _state is null ? CarriedState.None : new CarriedState(Values(_state.Hidden), Values(_state.Cell), Values(_state.Memory));

        static float[] Values(Tensor? part) => part is null ? [] : FloatArray.Of(part);
    }

    /// <inheritdoc/>
    public void SetState(int batch, CarriedState state)
    {
        ResetState();
        using DisposeScope scope = NewDisposeScope();
        RecurrentState zero = model.ZeroState(batch);
        _state = new RecurrentState(Like(state.Hidden, zero.Hidden)!, Like(state.Cell, zero.Cell), Like(state.Memory, zero.Memory)).DetachFromDisposeScope();

        // The memory of attention grows up to its window: its first dimension follows from the rest.
        static Tensor? Like(float[] values, Tensor? zero) =>
            zero is null ? null : FloatArray.ToTensor(values, [values.Length / zero.shape[1] / zero.shape[2], zero.shape[1], zero.shape[2]]).to_type(zero.dtype).to(zero.device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ResetState();
        Update.Dispose();
    }

    private (Tensor Logits, RecurrentState State) ForwardStepByStep(Tensor ids, RecurrentState state, ReadOnlySpan<float> gradientScales)
    {
        var logits = new List<Tensor>();
        for (int step = 0; step < gradientScales.Length; step++)
        {
            float scale = gradientScales[step];
            var scaled = new RecurrentState(ScaleGradient(state.Hidden, scale), state.Cell is null ? null : ScaleGradient(state.Cell, scale), state.Memory);
            (Tensor some, state) = model.Compute(ids.narrow(1, step, 1), scaled);
            logits.Add(some);
        }
        return (cat([.. logits]), state);
    }

    // The same value, with its gradient multiplied.
    private static Tensor ScaleGradient(Tensor value, float scale) => Add(Multiply(value, scale), Multiply(value.detach(), 1 - scale));
}
