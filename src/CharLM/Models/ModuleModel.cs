using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>
/// Any TorchSharp module as a language model: with it, a module of the user's own is trained (<c>Trainer</c>), measured
/// (<c>Evaluator</c>) and sampled (<c>TextGenerator</c>).
/// </summary>
/// <remarks>
/// <para>The module reads token ids, int64 [batch, num_steps], and a state, and gives logits [batch, num_steps, vocab] and the state
/// after the last step.</para>
/// <para>
/// Thread safety: any number of threads may read with it at once, if they may with the module. One trainer may change it; who reads while
/// a step is learned, and who uses it after it is disposed, gets an exception.
/// </para>
/// </remarks>
/// <typeparam name="TState">What the module carries on: one tensor, or several.</typeparam>
public sealed class ModuleModel<TState> : nn.Module, ITorchModel
    where TState : notnull
{
    private readonly nn.Module<Tensor, TState, (Tensor, TState)> _module;
    private readonly Func<long, TState> _beginState;
    private readonly Func<TState, Func<Tensor, Tensor>, TState> _map;
    private readonly int _batchDimension;
    private readonly ModelAccess _access;

    /// <summary>A model of a module, which it disposes with itself.</summary>
    /// <param name="module">The module.</param>
    /// <param name="vocabSize">Tokens of the vocab, 1 or more.</param>
    /// <param name="beginState">Makes the state before the first token, for a number of rows.</param>
    /// <param name="map">
    /// Makes a state of another by changing each of its tensors; default null: for a tensor, a pair of tensors, or an array of them.
    /// </param>
    /// <param name="batchDimension">Which dimension of the state's tensors are the rows; default 1, as in torch.nn's.</param>
    /// <exception cref="ArgumentException">The state is of another type, and nothing says how its tensors are changed.</exception>
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
        _access = new ModelAccess(this);
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

    /// <summary>Reads text without gradients; the model is in evaluation mode until the last of its predictors is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model learns just now.</exception>
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

    /// <summary>Frees the module, after calls that go on; later ones throw. The second time does nothing.</summary>
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
