using System.Diagnostics;

namespace CharLM.Models.Fused;

/// <summary>
/// Chooses how many workers share a minibatch, by measuring: more threads are slower when the work is small, when the processors
/// are two halves of one, or when somebody else uses them. The choice does not change results.
/// </summary>
/// <remarks>
/// Each candidate (1, 2, 4, ...) is tried a few times; then the fastest is used, and the others have a try now and then, since
/// neighbours come and go.
/// </remarks>
internal sealed class WorkerChoice
{
    // The first calls compile the kernels.
    private const int WarmUps = 4, FirstTries = 4, Interval = 96;
    private const double NewWeight = 0.3;

    private readonly int[] _candidates;
    private readonly double[] _seconds;
    private readonly int[] _tries;
    private (int Batch, int Steps) _shape;
    private int _calls, _current;
    private long _begun;

    /// <summary>Candidates up to a number of workers.</summary>
    /// <param name="most">The most workers.</param>
    /// <param name="isFixed">Whether always that many shall be used.</param>
    public WorkerChoice(int most, bool isFixed)
    {
        List<int> candidates = isFixed ? [] : [.. Enumerable.Range(0, 31).Select(power => 1 << power).TakeWhile(count => count < most)];
        _candidates = [.. candidates, most];
        _seconds = new double[_candidates.Length];
        _tries = new int[_candidates.Length];
    }

    /// <summary>How many workers to use for a minibatch; <see cref="End"/> says when it is done.</summary>
    public int Begin(int batch, int steps)
    {
        if (_shape != (batch, steps))
        {
            _shape = (batch, steps);
            _calls = 0;
            Array.Clear(_seconds);
            Array.Clear(_tries);
        }
        _current = Choose();
        _begun = Stopwatch.GetTimestamp();
        return _candidates[_current];
    }

    /// <summary>The minibatch is done.</summary>
    public void End()
    {
        double seconds = Stopwatch.GetElapsedTime(_begun).TotalSeconds;
        if (_calls++ < WarmUps)
            return;
        _seconds[_current] = _tries[_current] == 0 ? seconds : _tries[_current] < FirstTries ? Math.Min(_seconds[_current], seconds)
            : _seconds[_current] + (NewWeight * (seconds - _seconds[_current]));
        _tries[_current]++;
    }

    private int Choose()
    {
        if (_calls < WarmUps)
            return _calls % _candidates.Length;
        for (int candidate = 0; candidate < _candidates.Length; candidate++)
        {
            if (_tries[candidate] < FirstTries)
                return candidate;
        }
        if (_calls % Interval < _candidates.Length)
            return _calls % Interval;
        int best = 0;
        for (int candidate = 1; candidate < _candidates.Length; candidate++)
        {
            if (_seconds[candidate] < _seconds[best])
                best = candidate;
        }
        return best;
    }
}
