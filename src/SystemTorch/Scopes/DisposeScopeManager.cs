namespace TorchSharp;

/// <summary>The stack of dispose scopes of a thread.</summary>
public class DisposeScopeManager
{
    [ThreadStatic]
    private static DisposeScopeManager? s_ofThread;

    private readonly ThreadDisposeScopeStatistics _statistics = new();

    /// <summary>Counts of this thread.</summary>
    public static ThreadDisposeScopeStatistics Statistics => OfThread._statistics;

    internal static DisposeScopeManager OfThread => s_ofThread ??= new DisposeScopeManager();

    internal DisposeScope? CurrentDisposeScope { get; private set; }

    internal DisposeScope NewDisposeScope() => CurrentDisposeScope = new DisposeScope(this);

    /// <summary>Counts an object just made and gives it to the current scope, which is returned.</summary>
    internal DisposeScope? Register(IDisposable made)
    {
        LifetimeStatistics statistics = StatisticsOf(made);
        if (CurrentDisposeScope is not { } scope)
        {
            statistics.CreatedOutsideScopeCount++;
            return null;
        }
        statistics.CreatedInScopeCount++;
        scope.Add(made);
        return scope;
    }

    /// <summary>Counts an object that is being disposed.</summary>
    internal void CountDisposal(IDisposable disposable, DisposeScope? owner)
    {
        LifetimeStatistics statistics = StatisticsOf(disposable);
        if (owner is null)
        {
            statistics.DisposedOutsideScopeCount++;
        }
        else
        {
            statistics.DisposedInScopeCount++;
        }
    }

    /// <summary>Takes a scope off the stack, wherever it stands there.</summary>
    internal void Remove(DisposeScope ended)
    {
        if (ReferenceEquals(CurrentDisposeScope, ended))
        {
            CurrentDisposeScope = ended.OuterScope;
            return;
        }
        for (DisposeScope? scope = CurrentDisposeScope; scope is not null; scope = scope.OuterScope)
        {
            if (ReferenceEquals(scope.OuterScope, ended))
            {
                scope.OuterScope = ended.OuterScope;
                return;
            }
        }
    }

    internal LifetimeStatistics StatisticsOf(IDisposable disposable) =>
        disposable is torch.nn.utils.rnn.PackedSequence ? _statistics.PackedSequenceStatistics : _statistics.TensorStatistics;
}
