using CharLM.Batching;
using CharLM.Models;
using CharLM.Torch;
using TorchSharp;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>
/// Computes the loss of minibatches and the gradients of a model's weights, and carries the state between them. A minibatch may be learned
/// part by part: each part of its rows has its own state, and the gradients add up to those of the whole.
/// </summary>
internal interface ITrainingBackend : IDisposable
{
    /// <summary>The optimizer that applies the gradients.</summary>
    IOptimizer Optimizer { get; }

    /// <summary>Resets the state of all parts: the next minibatch begins at zero.</summary>
    void ResetState();

    /// <summary>Begins a minibatch: the gradients are zero.</summary>
    void ZeroGradients();

    /// <summary>Adds the gradients of a part's share of the minibatch's mean loss, and advances the part's state past it.</summary>
    /// <param name="inputs">Token ids [rows, steps].</param>
    /// <param name="targets">The next tokens; <see cref="Minibatch.NoTarget"/> where nothing is predicted.</param>
    /// <param name="part">The part.</param>
    /// <param name="dropoutKey">Seeds dropout.</param>
    /// <param name="gradientScales">
    /// Factors of the state's gradient from each step to the one before, [steps]; empty: 1.
    /// </param>
    /// <returns>What the part adds to the mean cross-entropy, in nats per token.</returns>
    double Learn(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, MinibatchPart part, ulong dropoutKey,
        ReadOnlySpan<float> gradientScales);

    /// <summary>Begins a pass over the text, before its first minibatch.</summary>
    void BeginPass()
    {
    }

    /// <summary>Ends a pass over the text, after its last minibatch.</summary>
    void EndPass()
    {
    }

    /// <summary>Copies the state that a part carries to the next minibatch.</summary>
    /// <param name="part">Which part, from 0.</param>
    CarriedState CopyState(int part = 0);

    /// <summary>Sets the state that a part carries.</summary>
    /// <param name="rows">Rows of the part.</param>
    /// <param name="state">The state, with that many rows.</param>
    /// <param name="part">Which part, from 0.</param>
    void SetState(int rows, CarriedState state, int part = 0);
}

/// <summary>A part of a minibatch that is learned at once.</summary>
/// <param name="Index">Which part, from 0.</param>
/// <param name="Rows">Its rows, 1 or more.</param>
/// <param name="Steps">Tokens per row.</param>
/// <param name="TargetsOfAll">The targets in the whole minibatch, over which the loss is a mean, 1 or more.</param>
internal readonly record struct MinibatchPart(int Index, RowShare Rows, int Steps, int TargetsOfAll);

/// <summary>Chooses the backend for a model: the kernels if they compute it as a whole, else torch's automatic differentiation.</summary>
internal static class TrainingBackends
{
    /// <summary>Computes the gradients of a whole minibatch at once.</summary>
    /// <inheritdoc cref="ITrainingBackend.Learn"/>
    public static double Learn(
        this ITrainingBackend backend, ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int batch, int steps, ulong dropoutKey,
            ReadOnlySpan<float> gradientScales)
    {
        backend.ZeroGradients();
        int count = targets.Length - targets.Count(Minibatch.NoTarget);
        return backend.Learn(inputs, targets, new MinibatchPart(0, RowShare.All(batch), steps, count), dropoutKey, gradientScales);
    }

    /// <summary>Creates a backend for a model, with the configured optimizer.</summary>
    /// <param name="model">The model.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="exchange">The ranks that train together; default null: this process alone.</param>
    /// <exception cref="InvalidConfigException">Ranks train together, and the kernels do not compute the model.</exception>
    public static ITrainingBackend Create(ITorchModel model, TrainerConfig config, IGradientExchange? exchange = null)
    {
        if (config.Ridge is { } ridge && exchange is null)
            return new RidgeBackend((LanguageModel)model, ridge);
        if (model is LanguageModel { UsesKernels: true } fused)
            return new FusedBackend(fused, config, exchange);
        if (exchange is not null)
            throw new InvalidConfigException(
                ["several processes train only what the fused implementation computes as a whole: rnn, gru and lstm of the standard "
                    + "variant on the CPU, in one direction, without attention; train this model in one process"]);
        IEnumerable<TorchSharp.Modules.Parameter> weights = model.Module.parameters();
        IOptimizer update = config.Optimizer == OptimizerKind.Sgd
            && model is LanguageModel { Config.Implementation: Implementation.Custom }
                ? new ScratchSgd(weights, config.LearningRate, config.WeightDecay, config.Momentum, config.Nesterov)
                : new TorchOptimizer(
                    config.Optimizer, weights, config.LearningRate, config.WeightDecay, config.Momentum, config.Nesterov, config.Beta2);
        return new TorchBackend(model, update);
    }
}

/// <summary>Trains with torch's automatic differentiation.</summary>
internal sealed class TorchBackend(ITorchModel model, IOptimizer update) : ITrainingBackend
{
    // The states of the parts; a part without one begins at zero.
    private readonly Dictionary<int, object> _states = [];

    /// <inheritdoc/>
    public IOptimizer Optimizer { get; } = update;

    /// <inheritdoc/>
    public void ResetState()
    {
        foreach (object state in _states.Values)
            model.Free(state);
        _states.Clear();
    }

    /// <inheritdoc/>
    public void ZeroGradients() => Optimizer.ZeroGradients();

    /// <inheritdoc/>
    public double Learn(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, MinibatchPart part, ulong dropoutKey,
        ReadOnlySpan<float> gradientScales)
    {
        using DisposeScope scope = NewDisposeScope();
        model.Module.train();
        int rows = part.Rows.Count;
        // Dropout draws from torch's own generator, which cannot use our streams: each part drops values of its own.
        if (model.Drops)
            manual_seed((long)(dropoutKey >> 1) ^ part.Rows.First);
        Tensor ids = TokenTensor.Of(inputs, [rows, part.Steps], model.Device);
        Tensor expected = LanguageModel.StepByStep(TokenTensor.Of(targets, [rows, part.Steps], model.Device));
        object before = _states.GetValueOrDefault(part.Index) ?? model.ZeroState(rows);
        (Tensor logits, object after) = gradientScales.IsEmpty ? model.Compute(ids, before)
            : ForwardStepByStep(ids, before, gradientScales);
        Tensor loss = Divide(
            nn.functional.cross_entropy(logits, expected, ignore_index: Minibatch.NoTarget, reduction: nn.Reduction.Sum),
            part.TargetsOfAll);
        loss.backward();
        // Gradients stop here: the next minibatch starts from a detached state.
        Keep(part.Index, model.Map(after, tensor => tensor.detach().MoveToOuterDisposeScope()));
        return FloatArray.ValueOf(loss);
    }

    /// <inheritdoc/>
    public CarriedState CopyState(int part = 0)
    {
        using DisposeScope scope = NewDisposeScope();
        object? held = _states.GetValueOrDefault(part);
        if (held is RecurrentState state)
            return new CarriedState(Values(state.Hidden), Values(state.Cell), Values(state.Memory));
        var all = new List<float>();
        if (held is not null)
            model.Each(held, tensor => all.AddRange(FloatArray.Of(tensor)));
        return new CarriedState([.. all], [], []);

        static float[] Values(Tensor? part) => part is null ? [] : FloatArray.Of(part);
    }

    /// <inheritdoc/>
    public void SetState(int rows, CarriedState state, int part = 0)
    {
        using DisposeScope scope = NewDisposeScope();
        object begin = model.ZeroState(rows);
        object restored = begin is RecurrentState zero
            ? new RecurrentState(Like(state.Hidden, zero.Hidden)!, Like(state.Cell, zero.Cell), Like(state.Memory, zero.Memory))
            : Restore(begin, state.Hidden);
        Keep(part, model.Keep(restored));

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

    private void Keep(int part, object state)
    {
        model.Free(_states.GetValueOrDefault(part));
        _states[part] = state;
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

    /// <summary>The state of all rows from those of consecutive shares of them.</summary>
    /// <param name="shares">The states of the shares, in order.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="directions">Directions of each, 1 or 2.</param>
    public static CarriedState Join(IReadOnlyList<CarriedState> shares, int layers, int directions)
    {
        if (shares.Count == 1)
            return shares[0];
        int blocks = layers * directions, places = shares.Max(share => share.Places(layers));
        return new CarriedState(
            Interleave([.. shares.Select(share => share.Hidden)], blocks),
            Interleave([.. shares.Select(share => share.Cell)], blocks),
            Interleave([.. shares.Select(share => share.Memory)], places));
    }

    /// <summary>The state of a share of the rows.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="directions">Directions of each, 1 or 2.</param>
    public CarriedState Of(RowShare rows, int layers, int directions) => rows.Count == rows.Of ? this : new CarriedState(
        Slice(Hidden, layers * directions, rows), Slice(Cell, layers * directions, rows), Slice(Memory, Places(layers), rows));

    // What attention looks back at has both directions side by side, for each place in the text.
    private int Places(int layers) => Hidden.Length == 0 ? 0 : (int)((long)Memory.Length * layers / Hidden.Length);

    private static float[] Interleave(IReadOnlyList<float[]> shares, int blocks)
    {
        var all = new float[shares.Sum(share => share.Length)];
        int place = 0;
        for (int block = 0; block < blocks; block++)
        {
            foreach (float[] share in shares)
            {
                int length = share.Length / blocks;
                share.AsSpan(block * length, length).CopyTo(all.AsSpan(place));
                place += length;
            }
        }
        return all;
    }

    private static float[] Slice(float[] values, int blocks, RowShare rows)
    {
        if (values.Length == 0)
            return [];
        int row = values.Length / blocks / rows.Of;
        var some = new float[blocks * rows.Count * row];
        for (int block = 0; block < blocks; block++)
            values.AsSpan(((block * rows.Of) + rows.First) * row, rows.Count * row).CopyTo(some.AsSpan(block * rows.Count * row));
        return some;
    }
}
