using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>A module that knows who uses it.</summary>
internal interface IAccessedModel
{
    /// <summary>Who uses it.</summary>
    ModelAccess Access { get; }
}

/// <summary>
/// Who uses a model just now: any number of readers at once, or one who changes its weights; nobody once it is disposed. Whoever
/// comes at the wrong time gets an exception, where torch and the kernels would compute with freed memory or half of a step.
/// </summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal sealed class ModelAccess(nn.Module model)
{
    private readonly object _lock = new();
    private int _readers, _evaluators;
    private bool _isChanging, _isDisposed, _wasTraining, _restores;
    private object? _reservedFor;

    /// <summary>How often the weights were changed by the toolkit.</summary>
    public long Version { get; private set; }

    /// <summary>Whether the model is disposed.</summary>
    public bool IsDisposed => Volatile.Read(ref _isDisposed);

    /// <summary>Of a module of the toolkit's own; null for another one, which nobody guards.</summary>
    public static ModelAccess? Of(nn.Module module) => (module as IAccessedModel)?.Access;

    /// <summary>Begins to read the weights.</summary>
    /// <param name="evaluating">Whether the model must be in evaluation mode; it is between <see cref="Evaluate"/> and its end, but for
    /// training.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The weights are being changed.</exception>
    public Lease Read(bool evaluating = false)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            if (_isChanging || _reservedFor is not null)
                throw new InvalidOperationException(
                    "the model is learning just now: read it between two steps of its training, or read a copy");
            if (evaluating && model.training)
                model.eval();
            _readers++;
        }
        return new Lease(this, changes: false);
    }

    /// <summary>Begins to change the weights, when everybody who reads them has finished.</summary>
    /// <param name="owner">Who has reserved the model; null: nobody.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">Somebody else changes them.</exception>
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

    /// <summary>Keeps everybody else out, until <see cref="Release"/>.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">Somebody changes the weights, or has reserved the model.</exception>
    public void Reserve(object owner)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            ThrowIfChanging(owner: null);
            _reservedFor = owner;
        }
    }

    /// <summary>Lets the others in again.</summary>
    public void Release()
    {
        lock (_lock)
            _reservedFor = null;
    }

    /// <summary>
    /// Puts the model in evaluation mode; the last of all who did puts it back in the mode that the first one found.
    /// </summary>
    /// <param name="owner">Who has reserved the model; null: nobody.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The weights are being changed.</exception>
    public Evaluation Evaluate(object? owner = null)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            ThrowIfChanging(owner);
            if (_evaluators++ == 0)
                (_wasTraining, _restores) = (model.training, false);
            if (model.training)
                model.eval();
        }
        return new Evaluation(this);
    }

    /// <summary>Lets nobody in any more, and waits until those who are inside have finished.</summary>
    /// <returns>False when that was done before.</returns>
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
            throw new InvalidOperationException("the model is learning already: one trainer, or one dynamic evaluation, at a time");
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
            // A step that is being learned keeps its mode to its end.
            if (_isChanging)
                _restores = true;
            else
                RestoreMode();
        }
    }

    private void RestoreMode()
    {
        _restores = false;
        if (!_isDisposed && model.training != _wasTraining)
            model.train(_wasTraining);
    }

    /// <summary>A use of the model, until it is disposed.</summary>
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

    /// <summary>Evaluation mode, until it is disposed, once or more often.</summary>
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
