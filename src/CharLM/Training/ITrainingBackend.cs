using CharLM.Batching;
using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Threads;
using CharLM.Torch;
using TorchSharp;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>Computes the loss of minibatches and the gradients of a model's weights, and carries the state between them.</summary>
internal interface ITrainingBackend : IDisposable
{
    /// <summary>The optimizer that applies the gradients.</summary>
    IOptimizer Optimizer { get; }

    /// <summary>Resets the state: the next minibatch begins at zero.</summary>
    void ResetState();

    /// <summary>Computes the gradients of a minibatch's mean loss and advances the state past it.</summary>
    /// <param name="inputs">Token ids [batch, steps].</param>
    /// <param name="targets">The next tokens; <see cref="Minibatch.NoTarget"/> where nothing is predicted, but not everywhere.</param>
    /// <param name="batch">Number of rows.</param>
    /// <param name="steps">Tokens per row.</param>
    /// <param name="dropoutKey">Seeds dropout.</param>
    /// <param name="gradientScales">
    /// Factors of the state's gradient from each step to the one before, [steps]; empty: 1.
    /// </param>
    /// <returns>Mean cross-entropy, in nats per token.</returns>
    double Learn(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int batch, int steps, ulong dropoutKey,
        ReadOnlySpan<float> gradientScales);

    /// <summary>Copies the state that is carried to the next minibatch.</summary>
    CarriedState CopyState();

    /// <summary>Sets the carried state.</summary>
    /// <param name="batch">Rows per minibatch.</param>
    /// <param name="state">The state, with that many rows.</param>
    void SetState(int batch, CarriedState state);
}

/// <summary>Chooses the backend for a model: the kernels if they compute it as a whole, else torch's automatic differentiation.</summary>
internal static class TrainingBackends
{
    /// <summary>Creates a backend for a model, with the configured optimizer.</summary>
    public static ITrainingBackend Create(ITorchModel model, TrainerConfig config)
    {
        if (model is LanguageModel { UsesKernels: true } fused)
            return new FusedBackend(fused, config);
        IEnumerable<TorchSharp.Modules.Parameter> weights = model.Module.parameters();
        IOptimizer update = config.Optimizer == OptimizerKind.Sgd
            && model is LanguageModel { Config.Implementation: Implementation.Custom }
                ? new ScratchSgd(weights, config.LearningRate, config.WeightDecay, config.Momentum, config.Nesterov)
                : new TorchOptimizer(
                    config.Optimizer, weights, config.LearningRate, config.WeightDecay, config.Momentum, config.Nesterov);
        return new TorchBackend(model, update);
    }
}

/// <summary>Trains with the kernels.</summary>
internal sealed class FusedBackend : ITrainingBackend
{
    private readonly FusedNetwork _network;
    private readonly FusedRuntime _runtime;

    /// <summary>A backend for a model.</summary>
    /// <param name="model">The model; its implementation is <see cref="Implementation.Fused"/>.</param>
    /// <param name="config">The optimizer's settings.</param>
    public FusedBackend(LanguageModel model, TrainerConfig config)
    {
        _runtime = model.Fused;
        _network = new FusedNetwork(model.Config, model.VocabSize, _runtime.Weights, _runtime.Workers);
        Optimizer = new FusedOptimizer(
            _runtime.Weights, _runtime.Workers, config.Optimizer, config.LearningRate, config.WeightDecay, config.Momentum,
                config.Nesterov);
    }

    /// <inheritdoc/>
    public IOptimizer Optimizer { get; }

    /// <inheritdoc/>
    public void ResetState() => _network.Stack.ZeroState();

    /// <inheritdoc/>
    public double Learn(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int batch, int steps, ulong dropoutKey,
        ReadOnlySpan<float> gradientScales)
    {
        _runtime.Weights.ThrowIfMoved("make a new trainer");
        return _network.Learn(inputs, targets, batch, steps, dropoutKey, gradientScales);
    }

    /// <inheritdoc/>
    public CarriedState CopyState()
    {
        (float[] hidden, float[] cell) = _network.Stack.CopyState();
        return new CarriedState(hidden, cell, []);
    }

    /// <inheritdoc/>
    public void SetState(int batch, CarriedState state) => _network.Stack.SetState(batch, state.Hidden, state.Cell);

    /// <inheritdoc/>
    public void Dispose()
    {
        _network.Dispose();
        Optimizer.Dispose();
    }
}

/// <summary>Trains with torch's automatic differentiation.</summary>
internal sealed class TorchBackend(ITorchModel model, IOptimizer update) : ITrainingBackend
{
    private object? _state;

    /// <inheritdoc/>
    public IOptimizer Optimizer { get; } = update;

    /// <inheritdoc/>
    public void ResetState()
    {
        model.Free(_state);
        _state = null;
    }

    /// <inheritdoc/>
    public double Learn(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int batch, int steps, ulong dropoutKey,
        ReadOnlySpan<float> gradientScales)
    {
        using DisposeScope scope = NewDisposeScope();
        model.Module.train();
        if (model.Drops)
            manual_seed((long)(dropoutKey >> 1)); // dropout draws from torch's own generator, which cannot use our streams
        Tensor ids = TokenTensor.Of(inputs, [batch, steps], model.Device);
        Tensor expected = LanguageModel.StepByStep(TokenTensor.Of(targets, [batch, steps], model.Device));
        object before = _state ?? model.ZeroState(batch);
        (Tensor logits, object after) = gradientScales.IsEmpty ? model.Compute(ids, before)
            : ForwardStepByStep(ids, before, gradientScales);
        Tensor loss = nn.functional.cross_entropy(logits, expected, ignore_index: Minibatch.NoTarget);
        Optimizer.ZeroGradients();
        loss.backward();
        // Gradients stop here: the next minibatch starts from a detached state.
        object next = model.Map(after, tensor => tensor.detach().MoveToOuterDisposeScope());
        ResetState();
        _state = next;
        return FloatArray.ValueOf(loss);
    }

    /// <inheritdoc/>
    public CarriedState CopyState()
    {
        using DisposeScope scope = NewDisposeScope();
        if (_state is RecurrentState state)
            return new CarriedState(Values(state.Hidden), Values(state.Cell), Values(state.Memory));
        var all = new List<float>();
        if (_state is not null)
            model.Each(_state, tensor => all.AddRange(FloatArray.Of(tensor)));
        return new CarriedState([.. all], [], []);

        static float[] Values(Tensor? part) => part is null ? [] : FloatArray.Of(part);
    }

    /// <inheritdoc/>
    public void SetState(int batch, CarriedState state)
    {
        ResetState();
        using DisposeScope scope = NewDisposeScope();
        object begin = model.ZeroState(batch);
        if (begin is not RecurrentState zero)
        {
            _state = model.Keep(Restore(begin, state.Hidden));
            return;
        }
        _state = new RecurrentState(Like(state.Hidden, zero.Hidden)!, Like(state.Cell, zero.Cell), Like(state.Memory, zero.Memory))
            .DetachFromDisposeScope();

        // The memory of attention grows up to its window, so its first dimension is inferred.
        static Tensor? Like(float[] values, Tensor? zero) =>
            zero is null ? null
                : FloatArray.ToTensor(values, [values.Length / zero.shape[1] / zero.shape[2], zero.shape[1], zero.shape[2]])
                    .to_type(zero.dtype).to(zero.device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ResetState();
        Optimizer.Dispose();
    }

    // The tensors of a state one after the other, in the shapes that they begin with.
    private object Restore(object begin, float[] values)
    {
        long due = 0;
        model.Each(begin, tensor => due += tensor.numel());
        if (values.Length != due)
            throw new FormatException($"carries a state of {values.Length} values, where its model has {due}");
        int at = 0;
        return model.Map(begin, tensor =>
        {
            int count = (int)tensor.numel();
            at += count;
            return FloatArray.ToTensor(values[(at - count)..at], tensor.shape).to_type(tensor.dtype).to(tensor.device);
        });
    }

    private (Tensor Logits, object State) ForwardStepByStep(Tensor ids, object state, ReadOnlySpan<float> gradientScales)
    {
        var logits = new List<Tensor>();
        for (int step = 0; step < gradientScales.Length; step++)
        {
            float scale = gradientScales[step];
            // What attention looks up is no way through time.
            object scaled = state is RecurrentState recurrent
                ? (recurrent with { Memory = null }).Map(tensor => ScaleGradient(tensor, scale)) with { Memory = recurrent.Memory }
                : model.Map(state, tensor => ScaleGradient(tensor, scale));
            (Tensor some, state) = model.Compute(ids.narrow(1, step, 1), scaled);
            logits.Add(some);
        }
        return (cat([.. logits]), state);
    }

    // The same value, with a scaled gradient.
    private static Tensor ScaleGradient(Tensor value, float scale) => Add(Multiply(value, scale), Multiply(value.detach(), 1 - scale));
}

/// <summary>The results of one minibatch.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="Batch">The minibatch in the epoch, from 1.</param>
/// <param name="NumBatches">Minibatches of the epoch.</param>
/// <param name="Loss">Mean cross-entropy, in nats per token.</param>
/// <param name="GradientNorm">Global norm of the gradients before clipping.</param>
public readonly record struct StepReport(int Epoch, int Batch, int NumBatches, double Loss, double GradientNorm);

/// <summary>The state carried from one minibatch to the next, as arrays; each is empty if the model has none.</summary>
/// <param name="Hidden">The hidden state, [layers * directions, batch, hidden].</param>
/// <param name="Cell">The cell state, in the same shape.</param>
/// <param name="Memory">The states that attention looks back at, oldest first, [1 to window, batch, hidden].</param>
internal sealed record CarriedState(float[] Hidden, float[] Cell, float[] Memory)
{
    /// <summary>The state before anything is read.</summary>
    public static CarriedState None { get; } = new([], [], []);
}
