using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>
/// Wraps any TorchSharp module as a language model, so that <c>Trainer</c> can train it, <c>Evaluator</c> measure it, and
/// <c>TextGenerator</c> write with it.
/// </summary>
/// <remarks>
/// <para>The module reads token ids, int64 [batch, num_steps], and a state, and returns logits [batch, num_steps, vocab] and the state
/// after the last step.</para>
/// <para>
/// Thread safety: any number of threads may read with it at once, if the module allows it. One trainer may change it; using the model
/// during a training step or after it is disposed throws.
/// </para>
/// </remarks>
/// <typeparam name="TState">The module's state: one or more tensors.</typeparam>
public sealed class ModuleModel<TState> : nn.Module, ITorchModel
    where TState : notnull
{
    private readonly nn.Module<Tensor, TState, (Tensor, TState)> _module;
    private readonly Func<long, TState> _beginState;
    private readonly Func<TState, Func<Tensor, Tensor>, TState> _map;
    private readonly int _batchDimension;
    private readonly ModelAccess _access;

    /// <summary>Creates a model around a module; disposing the model disposes the module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="vocabSize">Number of tokens in the vocab, 1 or more.</param>
    /// <param name="beginState">Creates the initial state for a number of rows.</param>
    /// <param name="map">
    /// Makes a new state by applying a function to each tensor of a state; default null: built in for a tensor, a pair of tensors or an
    /// array of tensors.
    /// </param>
    /// <param name="batchDimension">The batch dimension of the state's tensors; default 1, as in torch.nn.</param>
    /// <exception cref="ArgumentException">The state has another type, and <paramref name="map"/> is null.</exception>
    public ModuleModel(
        nn.Module<Tensor, TState, (Tensor, TState)> module, int vocabSize, Func<long, TState> beginState,
        Func<TState, Func<Tensor, Tensor>, TState>? map = null, int batchDimension = 1)
        : base(nameof(ModuleModel<>))
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(beginState);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabSize);
        ArgumentOutOfRangeException.ThrowIfNegative(batchDimension);
        (_module, VocabSize, _beginState, _batchDimension) = (module, vocabSize, beginState, batchDimension);
        _map = map ?? Known() ?? throw new ArgumentException(
            $"a state of the type {typeof(TState).Name} needs a function that changes its tensors: expected one, or a state that is a "
                + "tensor, a pair of tensors or an array of them", nameof(map));
        _access = new ModuleAccess(this);
        register_module("module", module);
    }

    /// <inheritdoc/>
    public int VocabSize { get; }

    /// <inheritdoc/>
    nn.Module ITorchModel.Module => this;

    /// <inheritdoc/>
    Device ITorchModel.Device => parameters().FirstOrDefault()?.device ?? CPU;

    /// <inheritdoc/>
    bool ITorchModel.Drops => true;

    /// <inheritdoc/>
    ModelAccess IAccessedModel.Access => _access;

    /// <summary>
    /// Creates a predictor, which reads text without gradients; the caller disposes it. The model is in evaluation mode until its last
    /// predictor is disposed.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model is being trained.</exception>
    public IPredictor Predictor() => new TorchPredictor(this);

    /// <inheritdoc/>
    object ITorchModel.ZeroState(long rows) => _beginState(rows);

    /// <inheritdoc/>
    (Tensor Logits, object State) ITorchModel.Compute(Tensor ids, object state)
    {
        (Tensor logits, TState after) = _module.call(ids, (TState)state);
        if (logits.dim() != 3 || logits.size(0) != ids.size(0) || logits.size(1) != ids.size(1) || logits.size(2) != VocabSize)
            throw new InvalidConfigException(
                [$"the module {_module.GetName()} gave logits as [{string.Join(", ", logits.shape)}], expected "
                    + $"[{ids.size(0)}, {ids.size(1)}, {VocabSize}], batch, steps and vocab"]);
        return (logits.transpose(0, 1).reshape(-1, VocabSize), after);
    }

    /// <inheritdoc/>
    object ITorchModel.Map(object state, Func<Tensor, Tensor> change) => _map((TState)state, change);

    /// <inheritdoc/>
    object ITorchModel.Select(object state, Tensor rows) => _map((TState)state, tensor => tensor.index_select(_batchDimension, rows));

    /// <summary>Frees the module once running calls have ended; later calls throw. A second call does nothing.</summary>
    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_access.Close())
            return;
        base.Dispose(disposing);
    }

    private static Func<TState, Func<Tensor, Tensor>, TState>? Known()
    {
        if (typeof(TState) == typeof(Tensor))
            return (state, change) => (TState)(object)change((Tensor)(object)state);
        if (typeof(TState) == typeof((Tensor, Tensor)))
            return (state, change) => ((Tensor, Tensor))(object)state is var (first, second)
                ? (TState)(object)(change(first), change(second)) : state;
        if (typeof(TState) == typeof(Tensor[]))
            return (state, change) => (TState)(object)Array.ConvertAll((Tensor[])(object)state, tensor => change(tensor));
        return null;
    }
}
