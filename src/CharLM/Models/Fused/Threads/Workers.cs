namespace CharLM.Models.Fused.Threads;

/// <summary>
/// Threads that stand by for the length of a training run: starting work takes about a microsecond while they spin, and
/// they sleep when nothing comes for a while. The caller is worker 0, and nobody waits for a worker who has not come: work is
/// there to be taken, and whoever comes first takes it.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads. The workers serve one caller at a time; another one, or one who comes after
/// <see cref="Dispose"/>, does its work alone.
/// </remarks>
internal sealed class Workers : IDisposable
{
    // How often a waiting thread looks before it sleeps: some tens of microseconds, longer than the gaps between the phases of a
    // step, shorter than what a person or another process would notice.
    private const int Spins = 2000;

    // Of the workers that are inside: nobody else may come in.
    private const int Closed = 1 << 30;

    // Whom the workers serve: nobody, a caller, or nobody any more.
    private const int Free = 0, Serving = 1, Ended = 2;

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _wake;
    private readonly SemaphoreSlim _finished = new(0);
    private readonly int[] _asleep;
    private readonly Action<int> _takeTasks;
    private Action<int>? _work, _task;
    private Exception? _failure;
    private volatile int _round;
    private volatile bool _stop;
    private int _caller = Free, _active, _inside = Closed, _callerSleeps, _tasks, _nextTask;

    /// <summary>Starts the threads.</summary>
    /// <param name="threads">Workers, the caller included; 0: up to one a processor, as many as measure faster.</param>
    public Workers(int threads)
    {
        (Count, IsFixed, _takeTasks) = (threads == 0 ? Environment.ProcessorCount : threads, threads > 0, TakeTasks);
        int count = Count;
        _wake = [.. Enumerable.Range(0, count).Select(_ => new SemaphoreSlim(0))];
        _asleep = new int[count];
        _threads = [.. Enumerable.Range(1, count - 1)
            .Select(worker => new Thread(() => StandBy(worker)) { IsBackground = true, Name = $"charlm worker {worker}" })];
        foreach (Thread thread in _threads)
            thread.Start();
    }

    /// <summary>Workers, the caller included.</summary>
    public int Count { get; }

    /// <summary>Whether always all of them shall be used.</summary>
    public bool IsFixed { get; }

    /// <summary>Does something on the first so many workers, those of them that come while the caller does it.</summary>
    /// <param name="workers">How many may take part, 1 to <see cref="Count"/>.</param>
    /// <param name="work">Gets the number of the worker; when the caller's returns, nothing must be left to begin.</param>
    /// <exception cref="InvalidOperationException">It failed on another worker.</exception>
    public void Run(int workers, Action<int> work)
    {
        if (workers == 1 || Interlocked.CompareExchange(ref _caller, Serving, Free) != Free)
        {
            work(0);
            return;
        }
        try
        {
            Serve(workers, work);
        }
        finally
        {
            Volatile.Write(ref _caller, Free);
        }
    }

    /// <summary>Does a number of tasks, each on the worker that is free first.</summary>
    /// <param name="workers">How many may take part, 1 to <see cref="Count"/>.</param>
    /// <param name="tasks">How many tasks there are.</param>
    /// <param name="task">Gets the number of the task.</param>
    /// <exception cref="InvalidOperationException">A task failed on another worker.</exception>
    public void Run(int workers, int tasks, Action<int> task)
    {
        workers = Math.Min(workers, tasks);
        if (workers <= 1 || Interlocked.CompareExchange(ref _caller, Serving, Free) != Free)
        {
            for (int alone = 0; alone < tasks; alone++)
                task(alone);
            return;
        }
        try
        {
            (_task, _tasks, _nextTask) = (task, tasks, 0);
            Serve(workers, _takeTasks);
        }
        finally
        {
            _task = null;
            Volatile.Write(ref _caller, Free);
        }
    }

    /// <summary>Ends the threads, after work that goes on; the second time does nothing.</summary>
    public void Dispose()
    {
        var wait = new SpinWait();
        int caller;
        while ((caller = Interlocked.CompareExchange(ref _caller, Ended, Free)) == Serving)
            wait.SpinOnce();
        if (caller == Ended)
            return;
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

    private void Serve(int workers, Action<int> work)
    {
        (_work, _failure, _active) = (work, null, workers);
        Volatile.Write(ref _inside, 0);
        Interlocked.Increment(ref _round);
        for (int worker = 1; worker < workers; worker++)
        {
            if (Interlocked.Exchange(ref _asleep[worker], 0) == 1)
                _wake[worker].Release();
        }
        try
        {
            work(0);
        }
        finally
        {
            Interlocked.Or(ref _inside, Closed);
            AwaitOthers();
        }
        if (_failure is not null)
            throw new InvalidOperationException(_failure.Message, _failure);
    }

    private void AwaitOthers()
    {
        for (int spin = 0; Volatile.Read(ref _inside) != Closed; spin++)
        {
            if (spin < Spins)
            {
                Thread.SpinWait(8);
                continue;
            }
            // Either the last worker sees that the caller sleeps, or the caller sees that none is inside.
            Interlocked.Exchange(ref _callerSleeps, 1);
            if (Volatile.Read(ref _inside) != Closed || Interlocked.Exchange(ref _callerSleeps, 0) == 0)
                _finished.Wait();
            Interlocked.Exchange(ref _callerSleeps, 0);
        }
    }

    private void StandBy(int worker)
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
            // Whoever comes late finds the round closed, or is in the next one already.
            if (!Enter())
                continue;
            try
            {
                if (worker < _active)
                    _work!(worker);
            }
            catch (Exception e)
            {
                _failure = e;
            }
            if (Interlocked.Decrement(ref _inside) == Closed && Interlocked.Exchange(ref _callerSleeps, 0) == 1)
                _finished.Release();
        }
    }

    private bool Enter()
    {
        int inside = Volatile.Read(ref _inside);
        while ((inside & Closed) == 0)
        {
            int before = Interlocked.CompareExchange(ref _inside, inside + 1, inside);
            if (before == inside)
                return true;
            inside = before;
        }
        return false;
    }

    private void TakeTasks(int worker)
    {
        for (int task = Interlocked.Increment(ref _nextTask) - 1; task < _tasks; task = Interlocked.Increment(ref _nextTask) - 1)
            _task!(task);
    }
}
