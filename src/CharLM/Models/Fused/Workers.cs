namespace CharLM.Models.Fused;

/// <summary>
/// Threads that stand by for the length of a training run: starting work takes about a microsecond while they spin, and
/// they sleep when nothing comes for a while. The caller is worker 0.
/// </summary>
internal sealed class Workers : IDisposable
{
    // How often a waiting thread looks before it sleeps: some tens of microseconds, longer than the gaps between the phases of a
    // step, shorter than what a person or another process would notice.
    private const int Spins = 2000;

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _wake;
    private readonly SemaphoreSlim _finished = new(0);
    private readonly int[] _asleep;
    private Action<int>? _work;
    private Exception? _failure;
    private volatile int _round;
    private volatile bool _stop;
    private int _active, _left, _callerSleeps;

    /// <summary>Starts the threads.</summary>
    /// <param name="threads">Workers, the caller included; 0: up to one a processor, as many as measure faster.</param>
    public Workers(int threads)
    {
        (Count, IsFixed) = (threads == 0 ? Environment.ProcessorCount : threads, threads > 0);
        int count = Count;
        _wake = [.. Enumerable.Range(0, count).Select(_ => new SemaphoreSlim(0))];
        _asleep = new int[count];
        _threads = [.. Enumerable.Range(1, count - 1).Select(worker => new Thread(() => Serve(worker)) { IsBackground = true, Name = $"charlm worker {worker}" })];
        foreach (Thread thread in _threads)
            thread.Start();
    }

    /// <summary>Workers, the caller included.</summary>
    public int Count { get; }

    /// <summary>Whether always all of them shall be used.</summary>
    public bool IsFixed { get; }

    /// <summary>Does something on the first so many workers, and waits for all of them.</summary>
    /// <param name="workers">How many take part, 1 to <see cref="Count"/>.</param>
    /// <param name="work">Gets the number of the worker.</param>
    public void Run(int workers, Action<int> work)
    {
        if (workers > 1)
        {
            _work = work;
            _failure = null;
            _active = workers;
            Volatile.Write(ref _left, workers - 1);
            Interlocked.Increment(ref _round);
            for (int worker = 1; worker < workers; worker++)
            {
                if (Interlocked.Exchange(ref _asleep[worker], 0) == 1)
                    _wake[worker].Release();
            }
        }
        work(0);
        if (workers > 1)
        {
            AwaitOthers();
            if (_failure is not null)
                throw new InvalidOperationException(_failure.Message, _failure);
        }
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        _stop = true;
        Interlocked.Increment(ref _round);
        foreach (SemaphoreSlim wake in _wake)
            wake.Release();
        foreach (Thread thread in _threads)
            thread.Join();
        foreach (SemaphoreSlim wake in _wake)
            wake.Dispose();
        _finished.Dispose();
    }

    private void AwaitOthers()
    {
        for (int spin = 0; Volatile.Read(ref _left) > 0; spin++)
        {
            if (spin < Spins)
            {
                Thread.SpinWait(8);
                continue;
            }
            // Either the last worker sees that the caller sleeps, or the caller sees that none is left.
            Interlocked.Exchange(ref _callerSleeps, 1);
            if (Volatile.Read(ref _left) > 0 || Interlocked.Exchange(ref _callerSleeps, 0) == 0)
                _finished.Wait();
            Interlocked.Exchange(ref _callerSleeps, 0);
        }
    }

    private void Serve(int worker)
    {
        int seen = 0;
        while (true)
        {
            for (int spin = 0; _round == seen; spin++)
            {
                if (spin < Spins)
                {
                    Thread.SpinWait(8);
                    continue;
                }
                Interlocked.Exchange(ref _asleep[worker], 1);
                if (_round == seen || Interlocked.Exchange(ref _asleep[worker], 0) == 0)
                    _wake[worker].Wait();
                Interlocked.Exchange(ref _asleep[worker], 0);
            }
            if (_stop)
                return;
            seen = _round;
            if (worker >= _active)
                continue;
            try
            {
                _work!(worker);
            }
            catch (Exception e)
            {
                _failure = e;
            }
            if (Interlocked.Decrement(ref _left) == 0 && Interlocked.Exchange(ref _callerSleeps, 0) == 1)
                _finished.Release();
        }
    }
}
