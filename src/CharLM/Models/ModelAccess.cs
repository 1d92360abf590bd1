using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>A module that tracks who uses it.</summary>
internal interface IAccessedModel
{
    /// <summary>Its users.</summary>
    ModelAccess Access { get; }
}

/// <summary>
/// The current users of a model: any number of readers, or one writer of its weights; none once it is disposed. Access at the wrong
/// time throws; torch and the kernels would compute with freed memory or half a step instead.
/// </summary>
/// <remarks>Thread safety: any number of threads.</remarks>
/// <param name="model">The model, for messages.</param>
internal class ModelAccess(object model)
{
    private readonly object _lock = new();
    private int _readers, _evaluators;
    private bool _isChanging, _isDisposed, _wasTraining, _restores;
    private object? _reservedFor;

    /// <summary>How often the toolkit has changed the weights.</summary>
    public long Version { get; private set; }

    /// <summary>Whether the model is disposed.</summary>
    public bool IsDisposed => Volatile.Read(ref _isDisposed);

    /// <summary>Whether the model is in training mode; false for one that cannot be trained.</summary>
    protected virtual bool IsTraining { get => false; set { } }

    /// <summary>The access of a toolkit module; null for other modules, which are unguarded.</summary>
    public static ModelAccess? Of(nn.Module module) => (module as IAccessedModel)?.Access;

    /// <summary>Begins to read the weights.</summary>
    /// <param name="evaluating">Whether the model must be in evaluation mode, which <see cref="Evaluate"/> sets but training may have
    /// reset.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The weights are being changed.</exception>
    public Lease Read(bool evaluating = false)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            if (_isChanging || _reservedFor is not null)
                throw new InvalidOperationException(
                    "the model is being trained: read it between two training steps, or read a copy");
            if (evaluating && IsTraining)
                IsTraining = false;
            _readers++;
        }
        return new Lease(this, changes: false);
    }

    /// <summary>Begins to change the weights, after all readers have finished.</summary>
    /// <param name="owner">The holder of the reservation; null: none.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">Another writer is active.</exception>
    public Lease Change(object? owner = null)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            ThrowIfChanging(owner);
            _isChanging = true;
            while (_readers > 0)
                Monitor.Wait(_lock);
        }
        return new Lease(this, changes: true);
    }

    /// <summary>Reserves the model until <see cref="Release"/>, keeping all others out.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The weights are being changed, or the model is already reserved.</exception>
    public void Reserve(object owner)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            ThrowIfChanging(owner: null);
            _reservedFor = owner;
        }
    }

    /// <summary>Ends the reservation.</summary>
    public void Release()
    {
        lock (_lock)
            _reservedFor = null;
    }

    /// <summary>
    /// Puts the model in evaluation mode; when the last evaluation ends, the mode from before the first is restored.
    /// </summary>
    /// <param name="owner">The holder of the reservation; null: none.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The weights are being changed.</exception>
    public Evaluation Evaluate(object? owner = null)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            ThrowIfChanging(owner);
            if (_evaluators++ == 0)
                (_wasTraining, _restores) = (IsTraining, false);
            if (IsTraining)
                IsTraining = false;
        }
        return new Evaluation(this);
    }

    /// <summary>Refuses all further access, and waits until the current users have finished.</summary>
    /// <returns>False when it was already closed.</returns>
    public bool Close()
    {
        lock (_lock)
        {
            if (_isDisposed)
                return false;
            _isDisposed = true;
            while (_readers > 0 || _isChanging)
                Monitor.Wait(_lock);
            return true;
        }
    }

    private void ThrowIfClosed() => ObjectDisposedException.ThrowIf(_isDisposed, model);

    private void ThrowIfChanging(object? owner)
    {
        if (_isChanging || (_reservedFor is not null && _reservedFor != owner))
            throw new InvalidOperationException("the model is already being trained: one trainer, or one dynamic evaluation, at a time");
    }

    private void EndReading()
    {
        lock (_lock)
        {
            if (--_readers == 0)
                Monitor.PulseAll(_lock);
        }
    }

    private void EndChanging()
    {
        lock (_lock)
        {
            Version++;
            _isChanging = false;
            if (_restores)
                RestoreMode();
            Monitor.PulseAll(_lock);
        }
    }

    private void EndEvaluating()
    {
        lock (_lock)
        {
            if (--_evaluators > 0 || _isDisposed)
                return;
            // A training step in progress keeps its mode until it ends.
            if (_isChanging)
                _restores = true;
            else
                RestoreMode();
        }
    }

    private void RestoreMode()
    {
        _restores = false;
        if (!_isDisposed && IsTraining != _wasTraining)
            IsTraining = _wasTraining;
    }

    /// <summary>One use of the model; disposing it ends the use.</summary>
    internal readonly struct Lease(ModelAccess? access, bool changes) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose()
        {
            if (changes)
                access?.EndChanging();
            else
                access?.EndReading();
        }
    }

    /// <summary>A period in evaluation mode; disposing it, even repeatedly, ends it once.</summary>
    internal sealed class Evaluation(ModelAccess access) : IDisposable
    {
        private int _isOver;

        /// <inheritdoc/>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
                access.EndEvaluating();
        }
    }
}

/// <summary>The current users of a module, whose mode is torch's.</summary>
internal sealed class ModuleAccess(nn.Module module) : ModelAccess(module)
{
    /// <inheritdoc/>
    protected override bool IsTraining { get => module.training; set => module.train(value); }
}
