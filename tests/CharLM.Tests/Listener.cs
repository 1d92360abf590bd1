using CharLM.Workbench.Runs;

namespace CharLM.Tests;

/// <summary>Receives progress synchronously; <see cref="Progress{T}"/> would deliver it later, on another thread.</summary>
internal sealed class Listener<T>(Action<T> told) : IProgress<T>
{
    public void Report(T value) => told(value);
}

/// <summary>Thrown by a test out of a run, as if its process were killed there.</summary>
internal sealed class KilledException : Exception;

/// <summary>Ends a run after some steps.</summary>
internal static class Interruption
{
    /// <summary>Listens to a run, and cancels or kills it.</summary>
    /// <param name="cutAfter">Steps after which it is cancelled.</param>
    /// <param name="killAfter">Steps after which it ends as if its process were killed.</param>
    /// <param name="cancel">The source that cancels it.</param>
    public static Listener<RunEvent> After(int cutAfter, int killAfter, CancellationTokenSource cancel)
    {
        int steps = 0;
        return new Listener<RunEvent>(e =>
        {
            if (e is not RunEvent.Step)
                return;
            steps++;
            if (steps == cutAfter)
                cancel.Cancel();
            if (steps == killAfter)
                throw new KilledException();
        });
    }
}
