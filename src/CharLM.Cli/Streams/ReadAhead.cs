using System.Runtime.ExceptionServices;

namespace CharLM.Cli.Streams;

/// <summary>
/// Reads items on a thread of its own, and hands them out in groups of what has been read meanwhile: one at a time while the source is
/// slow, such as a person or a program that waits for each answer, and many at once from a file.
/// </summary>
/// <typeparam name="T">An item.</typeparam>
/// <param name="source">The items; enumerated on the other thread, which is abandoned if it blocks.</param>
/// <param name="weigh">The size of an item.</param>
/// <param name="most">The size at which reading waits; memory holds at most two groups of this size and one item more.</param>
internal sealed class ReadAhead<T>(IEnumerable<T> source, Func<T, long> weigh, long most)
{
    private readonly object _lock = new();
    private List<T> _read = [];
    private long _weight;
    private Exception? _failure;
    private bool _isOver, _isLeft;

    /// <summary>The groups, each of one item or more, in the source's order; an exception of the source comes after its items.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public IEnumerable<IReadOnlyList<T>> Groups(CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.Register(Wake);
        new Thread(Read) { IsBackground = true, Name = "charlm input" }.Start();
        try
        {
            while (Take(cancellationToken) is { Count: > 0 } group)
                yield return group;
            if (_failure is not null)
                ExceptionDispatchInfo.Throw(_failure);
        }
        finally
        {
            lock (_lock)
            {
                _isLeft = true;
                Monitor.PulseAll(_lock);
            }
        }
    }

    // Everything read so far, once there is something; empty at the end.
    private List<T> Take(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            while (_read.Count == 0 && !_isOver && !cancellationToken.IsCancellationRequested)
                Monitor.Wait(_lock);
            cancellationToken.ThrowIfCancellationRequested();
            List<T> group = _read;
            (_read, _weight) = ([], 0);
            Monitor.PulseAll(_lock);
            return group;
        }
    }

    private void Read()
    {
        try
        {
            foreach (T item in source)
            {
                lock (_lock)
                {
                    _read.Add(item);
                    _weight += weigh(item);
                    Monitor.PulseAll(_lock);
                    while (_weight >= most && !_isLeft)
                        Monitor.Wait(_lock);
                    if (_isLeft)
                        return;
                }
            }
        }
        catch (Exception e)
        {
            _failure = e;
        }
        lock (_lock)
        {
            _isOver = true;
            Monitor.PulseAll(_lock);
        }
    }

    private void Wake()
    {
        lock (_lock)
            Monitor.PulseAll(_lock);
    }
}
