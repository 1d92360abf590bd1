namespace CharLM.Models.Fused.Threads;

/// <summary>
/// Measures how many workers should share a minibatch: more threads are slower when the work is small, when processors share a core,
/// or when other programs use them. The choice does not change results.
/// </summary>
/// <remarks>
/// The candidates (1, 2, 4, ...) compete in contests: each computes a few minibatches, one candidate after another, then again in
/// reverse order. Only times within a contest are compared, since early on code is still being compiled and other load varies. A
/// candidate replaces the one in use only if it is faster both times; the first in use is the largest number of workers, which loses
/// little, since no one waits for late workers. Contests follow each other quickly at first, and later take a fiftieth of the time. A
/// single sequence, as in generation, gets one worker.
/// </remarks>
internal sealed class ThreadTuner
{
    // A try is a few calls, of which the fastest counts, since a sleeping worker must first wake or wait for its processor. Long calls
    // are hardly affected, so one may be enough.
    private const int CallsOfTry = 4;
    private const double SecondsOfTry = 0.01;

    // The time between contests, in multiples of a contest's length.
    private const double FirstApart = 2, MostApart = 50;

    private readonly int[] _candidates;
    private readonly TimeProvider _time;
    private readonly Dictionary<(int Batch, int Steps), Contests> _contests = [];
    private Contests _current;
    private int _chosen;
    private long _begun;

    /// <summary>Candidates up to a number of workers.</summary>
    /// <param name="most">The most workers.</param>
    /// <param name="isFixed">Whether to always use that many.</param>
    /// <param name="time">The clock; default the system's.</param>
    public ThreadTuner(int most, bool isFixed, TimeProvider? time = null)
    {
        List<int> candidates = isFixed ? [] : [.. Enumerable.Range(0, 31).Select(power => 1 << power).TakeWhile(count => count < most)];
        _candidates = [.. candidates, most];
        _current = new Contests(_candidates.Length);
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Begins a minibatch and returns the number of workers to use; <see cref="End"/> ends it.</summary>
    public int Begin(int batch, int steps)
    {
        if (_contests.Count > 64)
            _contests.Clear();
        if (!_contests.TryGetValue((batch, steps), out Contests? contests))
            _contests.Add((batch, steps), contests = new Contests(_candidates.Length));
        _current = contests;
        // A single sequence cannot be shared.
        _chosen = batch == 1 ? 0 : contests.Choose();
        _begun = _time.GetTimestamp();
        return _candidates[_chosen];
    }

    /// <summary>Ends the minibatch.</summary>
    public void End() => _current.Add(_time.GetElapsedTime(_begun).TotalSeconds);

    /// <summary>The contests for one shape of minibatch.</summary>
    private sealed class Contests(int candidates)
    {
        private readonly double[] _there = new double[candidates], _back = new double[candidates]; // seconds in the current contest
        private int _try, _calls, _held, _inUse = candidates - 1;
        private double _secondsOfTry, _fastest = double.PositiveInfinity;
        private double _secondsOfContest, _secondsUntilNext;

        private bool IsContest => candidates > 1 && _secondsUntilNext <= 0;

        // There and back: 2, 1, 0, 0, 1, 2. A disturbance of adjacent tries cannot make the most workers look slow both times.
        private int Trying => _try < candidates ? candidates - 1 - _try : _try - candidates;

        public int Choose() => IsContest ? Trying : _inUse;

        public void Add(double seconds)
        {
            if (!IsContest)
            {
                _secondsUntilNext -= seconds;
                return;
            }
            _fastest = Math.Min(_fastest, seconds);
            _secondsOfTry += seconds;
            _calls++;
            if (_calls < CallsOfTry && _secondsOfTry < SecondsOfTry)
                return;
            (_try < candidates ? _there : _back)[Trying] = _fastest;
            _secondsOfContest += _secondsOfTry;
            (_calls, _secondsOfTry, _fastest) = (0, 0, double.PositiveInfinity);
            if (++_try == 2 * candidates)
                Decide();
        }

        private void Decide()
        {
            for (int candidate = 0; candidate < candidates; candidate++)
            {
                if (_there[candidate] < _there[_inUse] && _back[candidate] < _back[_inUse])
                    _inUse = candidate;
            }
            _secondsUntilNext = _secondsOfContest * Math.Min(MostApart, FirstApart * Math.Pow(3, _held));
            _held++;
            (_try, _secondsOfContest) = (0, 0);
        }
    }
}
