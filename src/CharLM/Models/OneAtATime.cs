namespace CharLM.Models;

/// <summary>
/// Guards an object that serves one caller at a time: a second one gets an exception, and what a call uses is freed after the call,
/// even when the object is disposed while it goes on.
/// </summary>
/// <param name="owner">The object.</param>
/// <param name="what">What it is called in messages.</param>
/// <param name="free">Frees what it holds; called once.</param>
/// <remarks>Thread safety: any number of threads.</remarks>
internal sealed class OneAtATime(object owner, string what, Action free) : IDisposable
{
    private const int Idle = 0, Busy = 1, Leaving = 2, Disposed = 3;

    private int _state;

    /// <summary>A call begins.</summary>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    /// <exception cref="InvalidOperationException">Another call goes on.</exception>
    public void Enter()
    {
        int before = Interlocked.CompareExchange(ref _state, Busy, Idle);
        if (before == Busy)
            throw new InvalidOperationException($"this {what} is in use: it serves one thread at a time, so give each its own");
        ObjectDisposedException.ThrowIf(before != Idle, owner);
    }

    /// <summary>The call is over.</summary>
    public void Exit()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Busy) == Leaving)
            Free();
    }

    /// <summary>Frees what the object holds, at the end of a call that goes on; the second time does nothing.</summary>
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
