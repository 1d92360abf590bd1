namespace CharLM.Models.Fused;

/// <summary>
/// Chooses how many workers share a minibatch, by measuring: more threads are slower when the work is small, when the processors
/// are two halves of one, or when somebody else uses them. The choice does not change results.
/// </summary>
/// <remarks>
/// The candidates (1, 2, 4, ...) meet in contests: each does a few minibatches, one candidate right after the other, and only times
/// of the same contest are compared, for code is still being compiled at first, and neighbours come and go. The best of the last
/// contests is used until the next one: soon at first, and later as seldom as contests cost no more than a hundredth of the time.
/// A single sequence, as in generation, has one worker.
/// </remarks>
internal sealed class WorkerChoice
{
    // A try is a few calls, of which the fastest counts: a worker that slept must wake first, or had to wait for its processor.
    // Long calls do not care.
    private const int CallsOfTry = 4, FewestCallsOfTry = 2;
    private const double SecondsOfTry = 0.05;

    // From one contest to the next, in lengths of a contest.
    private const double FirstApart = 2, MostApart = 50;

    // How much the last contest counts against those before.
    private const double Newest = 0.6;

    private readonly int[] _candidates;
    private readonly TimeProvider _time;
    private readonly Dictionary<(int Batch, int Steps), Contests> _contests = [];
    private Contests _current;
    private int _chosen;
    private long _begun;

    /// <summary>Candidates up to a number of workers.</summary>
    /// <param name="most">The most workers.</param>
    /// <param name="isFixed">Whether always that many shall be used.</param>
    /// <param name="time">The clock; the system's by default.</param>
    public WorkerChoice(int most, bool isFixed, TimeProvider? time = null)
    {
        List<int> candidates = isFixed ? [] : [.. Enumerable.Range(0, 31).Select(power => 1 << power).TakeWhile(count => count < most)];
        _candidates = [.. candidates, most];
        _current = new Contests(_candidates.Length);
        _time = time ?? TimeProvider.System;
    }

    /// <summary>How many workers to use for a minibatch; <see cref="End"/> says when it is done.</summary>
    public int Begin(int batch, int steps)
    {
        if (_contests.Count > 64)
            _contests.Clear();
        if (!_contests.TryGetValue((batch, steps), out Contests? contests))
            _contests.Add((batch, steps), contests = new Contests(_candidates.Length));
        _current = contests;
        // One sequence cannot be shared.
        _chosen = batch == 1 ? 0 : contests.Choose();
        _begun = _time.GetTimestamp();
        return _candidates[_chosen];
    }

    /// <summary>The minibatch is done.</summary>
    public void End() => _current.Add(_time.GetElapsedTime(_begun).TotalSeconds);

    /// <summary>The contests for one shape of minibatch.</summary>
    private sealed class Contests(int candidates)
    {
        private readonly double[] _seconds = new double[candidates]; // of the contest that is on
        private readonly double[] _handicap = new double[candidates]; // times over the best's, minus 1; smoothed
        private int _trying, _calls, _held, _best;
        private double _secondsOfTry, _fastest = double.PositiveInfinity;
        private double _secondsOfContest, _secondsUntilNext;

        private bool IsContest => candidates > 1 && _secondsUntilNext <= 0;

        public int Choose() => IsContest ? _trying : _best;

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
            if (_calls < FewestCallsOfTry || (_calls < CallsOfTry && _secondsOfTry < SecondsOfTry))
                return;
            _seconds[_trying] = _fastest;
            _secondsOfContest += _secondsOfTry;
            (_calls, _secondsOfTry, _fastest) = (0, 0, double.PositiveInfinity);
            if (++_trying == candidates)
                Decide();
        }

        private void Decide()
        {
            double best = Math.Max(_seconds.Min(), double.Epsilon), weight = _held == 0 ? 1 : Newest;
            for (int candidate = 0; candidate < candidates; candidate++)
                _handicap[candidate] += weight * ((_seconds[candidate] / best) - 1 - _handicap[candidate]);
            _best = Array.IndexOf(_handicap, _handicap.Min());
            _secondsUntilNext = _secondsOfContest * Math.Min(MostApart, FirstApart * Math.Pow(3, _held));
            _held++;
            (_trying, _secondsOfContest) = (0, 0);
        }
    }
}
