namespace CharLM.Models;

/// <summary>
/// Guards an object that serves one caller at a time: a second caller gets an exception, and disposing the object during a call frees
/// its resources only after the call.
/// </summary>
/// <param name="owner">The object.</param>
/// <param name="what">Its name in messages.</param>
/// <param name="free">Frees its resources; called once.</param>
/// <remarks>Thread safety: any number of threads.</remarks>
internal sealed class OneAtATime(object owner, string what, Action free) : IDisposable
{
    private const int Idle = 0, Busy = 1, Leaving = 2, Disposed = 3;

    private int _state;

    /// <summary>Begins a call.</summary>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    /// <exception cref="InvalidOperationException">Another call is in progress.</exception>
    public void Enter()
    {
        int before = Interlocked.CompareExchange(ref _state, Busy, Idle);
        if (before == Busy)
            throw new InvalidOperationException($"this {what} is in use: it serves one thread at a time, so give each its own");
        ObjectDisposedException.ThrowIf(before != Idle, owner);
    }

    /// <summary>Ends the call.</summary>
    public void Exit()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Busy) == Leaving)
            Free();
    }

    /// <summary>Frees the object's resources, after any call in progress; a second call does nothing.</summary>
    public void Dispose()
    {
        int before = Volatile.Read(ref _state);
        while (before is Idle or Busy)
        {
            int found = Interlocked.CompareExchange(ref _state, before == Busy ? Leaving : Disposed, before);
            if (found == before)
            {
                if (before == Idle)
                    free();
                return;
            }
            before = found;
        }
    }

    private void Free()
    {
        Volatile.Write(ref _state, Disposed);
        free();
    }
}
