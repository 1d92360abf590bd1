namespace TorchSharp;

/// <summary>
/// Owns every tensor made on its thread while it is the current scope, and disposes them when it ends.
/// </summary>
public sealed class DisposeScope : IDisposable
{
    private DisposeScopeManager? _manager;
    private HashSet<IDisposable> _disposables = new(ReferenceEqualityComparer.Instance);

    internal DisposeScope(DisposeScopeManager manager)
    {
        _manager = manager;
        OuterScope = manager.CurrentDisposeScope;
    }

    /// <summary>A snapshot of what the scope owns.</summary>
    public IReadOnlyList<IDisposable> DisposablesView => [.. _disposables];

    public int DisposablesCount => _disposables.Count;

    internal DisposeScope? OuterScope { get; set; }

    private DisposeScopeManager Manager
    {
        get
        {
            ObjectDisposedException.ThrowIf(_manager is null, this);
            return _manager;
        }
    }

    public bool Contains(IDisposable disposable) => _disposables.Contains(disposable);

    /// <summary>Gives to the enclosing scope; where there is none, to nobody.</summary>
    public T MoveToOuter<T>(T disposable)
        where T : IDisposable
    {
        MoveToOther(OuterScope, (IEnumerable<IDisposable>)[disposable]);
        return disposable;
    }

    public (T1 first, T2 second) MoveToOuter<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable
    {
        MoveToOther(OuterScope, (IEnumerable<IDisposable>)[first, second]);
        return (first, second);
    }

    public (T1 first, T2 second, T3 third) MoveToOuter<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable
        where T2 : IDisposable
        where T3 : IDisposable
    {
        MoveToOther(OuterScope, (IEnumerable<IDisposable>)[first, second, third]);
        return (first, second, third);
    }

    public void MoveToOuter(params IDisposable[] disposables) => MoveToOther(OuterScope, (IEnumerable<IDisposable>)disposables);

    public void MoveToOuter(IEnumerable<IDisposable> disposables) => MoveToOther(OuterScope, disposables);

    /// <summary>Gives to another scope, or to nobody.</summary>
    public T MoveToOther<T>(DisposeScope? scope, T disposable)
        where T : IDisposable
    {
        MoveToOther(scope, (IEnumerable<IDisposable>)[disposable]);
        return disposable;
    }

    public (T1 first, T2 second) MoveToOther<T1, T2>(DisposeScope? scope, T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable
    {
        MoveToOther(scope, (IEnumerable<IDisposable>)[first, second]);
        return (first, second);
    }

    public (T1 first, T2 second, T3 third) MoveToOther<T1, T2, T3>(DisposeScope? scope, T1 first, T2 second, T3 third)
        where T1 : IDisposable
        where T2 : IDisposable
        where T3 : IDisposable
    {
        MoveToOther(scope, (IEnumerable<IDisposable>)[first, second, third]);
        return (first, second, third);
    }

    public void MoveToOther(DisposeScope? scope, params IDisposable[] disposables) =>
        MoveToOther(scope, (IEnumerable<IDisposable>)disposables);

    public void MoveToOther(DisposeScope? scope, IEnumerable<IDisposable> disposables)
    {
        _ = Manager;
        if (scope is null)
        {
            Detach(disposables);
            return;
        }
        foreach (IDisposable disposable in disposables)
        {
            if (_disposables.Contains(disposable))
            {
                Own(disposable, scope);
            }
        }
    }

    /// <summary>Gives to nobody: the caller disposes.</summary>
    public T Detach<T>(T disposable)
        where T : IDisposable
    {
        Detach((IEnumerable<IDisposable>)[disposable]);
        return disposable;
    }

    public (T1 first, T2 second) Detach<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable
    {
        Detach((IEnumerable<IDisposable>)[first, second]);
        return (first, second);
    }

    public (T1 first, T2 second, T3 third) Detach<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable
        where T2 : IDisposable
        where T3 : IDisposable
    {
        Detach((IEnumerable<IDisposable>)[first, second, third]);
        return (first, second, third);
    }

    public void Detach(params IDisposable[] disposables) => Detach((IEnumerable<IDisposable>)disposables);

    public void Detach(IEnumerable<IDisposable> disposables)
    {
        DisposeScopeManager manager = Manager;
        foreach (IDisposable disposable in disposables)
        {
            if (_disposables.Remove(disposable))
            {
                manager.StatisticsOf(disposable).DetachedFromScopeCount++;
                SetOwner(disposable, null);
            }
        }
    }

    /// <summary>Takes over from whichever scope owns it now, if any.</summary>
    public void Attach(IDisposable disposable) => Attach((IEnumerable<IDisposable>)[disposable]);

    public void Attach(params IDisposable[] disposables) => Attach((IEnumerable<IDisposable>)disposables);

    public IReadOnlyList<IDisposable> Attach(IEnumerable<IDisposable> disposables)
    {
        DisposeScopeManager manager = Manager;
        List<IDisposable> attached = [];
        foreach (IDisposable disposable in disposables)
        {
            if (Own(disposable, this))
            {
                manager.StatisticsOf(disposable).AttachedToScopeCount++;
            }
            attached.Add(disposable);
        }
        return attached;
    }

    /// <summary>Disposes what the scope owns; the scope lives on.</summary>
    public void DisposeEverything() => DisposeEverythingBut((IEnumerable<IDisposable>)[]);

    public T DisposeEverythingBut<T>(T keep)
        where T : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[keep]);
        return keep;
    }

    public (T1 first, T2 second) DisposeEverythingBut<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[first, second]);
        return (first, second);
    }

    public (T1 first, T2 second, T3 third) DisposeEverythingBut<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable
        where T2 : IDisposable
        where T3 : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[first, second, third]);
        return (first, second, third);
    }

    public void DisposeEverythingBut(params IDisposable[] keep) => DisposeEverythingBut((IEnumerable<IDisposable>)keep);

    public void DisposeEverythingBut(IEnumerable<IDisposable> inKeep)
    {
        _ = Manager;
        HashSet<IDisposable> before = _disposables;
        _disposables = new HashSet<IDisposable>(inKeep, ReferenceEqualityComparer.Instance);
        foreach (IDisposable disposable in before)
        {
            if (!_disposables.Contains(disposable))
            {
                disposable.Dispose();
            }
        }
    }

    /// <summary>Strikes a disposable that its owner has disposed by hand off the list.</summary>
    public void MarkAsDisposed(IDisposable disposable)
    {
        _ = Manager;
        _disposables.Remove(disposable);
        SetOwner(disposable, null);
    }

    public void Dispose()
    {
        if (_manager is { } manager)
        {
            DisposeEverything();
            manager.Remove(this);
            _manager = null;
        }
    }

    /// <summary>Enters an object just made; the object remembers its owner itself.</summary>
    internal void Add(IDisposable disposable) => _disposables.Add(disposable);

    /// <summary>Puts one tensor in the place of another, as a parameter takes the place of its data.</summary>
    internal void Replace(torch.Tensor original, torch.Tensor replacement)
    {
        if (_disposables.Remove(original))
        {
            original.OwningDisposeScope = null;
            Own(replacement, this);
        }
    }

    private static bool Own(IDisposable disposable, DisposeScope scope)
    {
        DisposeScope? before = disposable switch
        {
            torch.Tensor tensor => tensor.OwningDisposeScope,
            torch.nn.utils.rnn.PackedSequence sequence => sequence.OwningDisposeScope,
            _ => throw new InvalidOperationException("DisposeScope can only manage Tensor or PackedSequence"),
        };
        if (ReferenceEquals(scope, before))
        {
            return false;
        }
        before?._disposables.Remove(disposable);
        scope._disposables.Add(disposable);
        SetOwner(disposable, scope);
        return true;
    }

    private static void SetOwner(IDisposable disposable, DisposeScope? scope)
    {
        switch (disposable)
        {
            case torch.Tensor tensor:
                tensor.OwningDisposeScope = scope;
                break;
            case torch.nn.utils.rnn.PackedSequence sequence:
                sequence.OwningDisposeScope = scope;
                break;
        }
    }
}
