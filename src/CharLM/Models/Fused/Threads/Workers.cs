namespace CharLM.Models.Fused.Threads;

/// <summary>
/// Threads that stand by for a whole training run: starting work takes about a microsecond while they spin, and they sleep when idle.
/// The caller is worker 0 and never waits for a worker that has not started: whoever is free takes what is left.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads. The workers serve one caller at a time; a second caller, or one after <see cref="Dispose"/>,
/// does its work alone.
/// </remarks>
internal sealed class Workers : IDisposable
{
    // How often a waiting thread polls before it sleeps: some tens of microseconds, longer than the gaps between the phases of a step but
    // too short for a person or another process to notice.
    private const int Spins = 2000;

    // A flag in _inside, the number of workers in a round: no further worker may enter.
    private const int Closed = 1 << 30;

    // Integers in two cache lines, which processors fetch together.
    private const int Line = 32;

    // Whether the workers serve no caller, a caller, or are disposed.
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
    private int _caller = Free, _active, _inside = Closed, _callerSleeps, _tasks;

    // The next task of each worker's share, each in a cache line of its own.
    private readonly int[] _next;

    /// <summary>Starts the threads.</summary>
    /// <param name="threads">Workers, including the caller; 0: up to one per processor, whichever number measures fastest.</param>
    public Workers(int threads)
    {
        (Count, IsFixed, _takeTasks) = (threads == 0 ? Environment.ProcessorCount : threads, threads > 0, TakeTasks);
        int count = Count;
        _wake = [.. Enumerable.Range(0, count).Select(_ => new SemaphoreSlim(0))];
        (_asleep, _next) = (new int[count], new int[count * Line]);
        _threads = [.. Enumerable.Range(1, count - 1)
            .Select(worker => new Thread(() => StandBy(worker)) { IsBackground = true, Name = $"charlm worker {worker}" })];
        foreach (Thread thread in _threads)
            thread.Start();
    }

    /// <summary>Number of workers, including the caller.</summary>
    public int Count { get; }

    /// <summary>Whether to always use all of them.</summary>
    public bool IsFixed { get; }

    /// <summary>Runs an action on the caller, and on those of the first workers that start meanwhile.</summary>
    /// <param name="workers">The most workers to use, 1 to <see cref="Count"/>.</param>
    /// <param name="work">The action, given the worker's number; once it returns on the caller, no work may be left to start.</param>
    /// <exception cref="InvalidOperationException">The action failed on another worker.</exception>
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

    /// <summary>
    /// Runs a number of tasks: each worker its share, the same in every call, whose data are in its cache; then what slower ones have left.
    /// </summary>
    /// <param name="workers">The most workers to use, 1 to <see cref="Count"/>.</param>
    /// <param name="tasks">Number of tasks.</param>
    /// <param name="task">The action, given the number of the task.</param>
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
            (_task, _tasks) = (task, tasks);
            for (int worker = 0; worker < workers; worker++)
                _next[worker * Line] = FirstTask(worker, workers);
            Serve(workers, _takeTasks);
        }
        finally
        {
            _task = null;
            Volatile.Write(ref _caller, Free);
        }
    }

    /// <summary>Ends the threads, after any work in progress; a second call does nothing.</summary>
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
            // Either the last worker sees that the caller sleeps, or the caller sees that no worker is inside.
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
            // A late worker finds the round closed, or already joins the next one.
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

    private int FirstTask(int worker, int workers) => (int)((long)_tasks * worker / workers);

    private void TakeTasks(int worker)
    {
        for (int other = 0; other < _active; other++)
        {
            int owner = (worker + other) % _active, end = FirstTask(owner + 1, _active);
            ref int next = ref _next[owner * Line];
            for (int task = Interlocked.Increment(ref next) - 1; task < end; task = Interlocked.Increment(ref next) - 1)
                _task!(task);
        }
    }
}
