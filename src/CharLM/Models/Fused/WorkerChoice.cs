using System.Diagnostics;

namespace CharLM.Models.Fused;

/// <summary>
/// Chooses how many workers share a minibatch, by measuring: more threads are slower when the work is small, when the processors
/// are two halves of one, or when somebody else uses them. The choice does not change results.
/// </summary>
/// <remarks>
/// Each candidate (1, 2, 4, ...) is tried a few times; then the fastest is used, and the others have a try now and then, since
/// neighbours come and go: often at first, while kernels are still being compiled beside the work, and later as often as a try
/// costs no more than a hundredth of the time, for a worker that waits for a processor can hold a small minibatch up for a
/// hundred times its length. A single sequence, as in generation, has one worker.
/// </remarks>
internal sealed class WorkerChoice
{
    // The first calls compile the kernels. A try is several calls, of which the fastest counts: a worker that slept must wake first.
    private const int WarmUps = 4, CallsOfTry = 4, TriesApart = 100;

    // A try that was slow may have waited for somebody else; one that was fast shows what can be.
    private const double SlowerWeight = 0.2, FasterWeight = 0.7;

    private readonly int[] _candidates;
    private readonly Dictionary<(int Batch, int Steps), Record> _records = [];
    private Record _record;
    private int _current;
    private long _begun;

    /// <summary>Candidates up to a number of workers.</summary>
    /// <param name="most">The most workers.</param>
    /// <param name="isFixed">Whether always that many shall be used.</param>
    public WorkerChoice(int most, bool isFixed)
    {
        List<int> candidates = isFixed ? [] : [.. Enumerable.Range(0, 31).Select(power => 1 << power).TakeWhile(count => count < most)];
        _candidates = [.. candidates, most];
        _record = new Record(_candidates.Length);
    }

    /// <summary>How many workers to use for a minibatch; <see cref="End"/> says when it is done.</summary>
    public int Begin(int batch, int steps)
    {
        if (_records.Count > 64)
            _records.Clear();
        if (!_records.TryGetValue((batch, steps), out Record? record))
            _records.Add((batch, steps), record = new Record(_candidates.Length));
        _record = record;
        // One sequence cannot be shared.
        _current = batch == 1 ? 0 : record.Choose();
        _begun = Stopwatch.GetTimestamp();
        return _candidates[_current];
    }

    /// <summary>The minibatch is done.</summary>
    public void End() => _record.Add(_current, Stopwatch.GetElapsedTime(_begun).TotalSeconds);

    /// <summary>What was measured of one shape of minibatch.</summary>
    private sealed class Record(int candidates)
    {
        private readonly double[] _seconds = new double[candidates];
        private readonly int[] _tries = new int[candidates];
        private readonly double[] _triedAt = new double[candidates];
        private double _spent, _fastestOfTry = double.PositiveInfinity;
        private int _calls, _tried, _callsOfTry;

        public int Choose()
        {
            if (_calls < WarmUps)
                return _calls % candidates;
            if (_callsOfTry > 0)
                return _tried;
            for (_tried = 0; _tried < candidates; _tried++)
            {
                if (_spent - _triedAt[_tried] >= CallsOfTry * Apart(_tries[_tried]) * _seconds[_tried])
                    return _tried;
            }
            return Array.IndexOf(_seconds, _seconds.Min());
        }

        // Tries between two of a candidate: none, 4, 16, 64, and then as far apart as they stay.
        private static double Apart(int tries) => tries == 0 ? 0 : Math.Min(TriesApart, Math.Pow(4, tries));

        public void Add(int candidate, double seconds)
        {
            if (_calls++ < WarmUps)
                return;
            _spent += seconds;
            if (candidate != _tried)
                return;
            _fastestOfTry = Math.Min(_fastestOfTry, seconds);
            if (++_callsOfTry < CallsOfTry)
                return;
            double old = _seconds[candidate];
            _seconds[candidate] = _tries[candidate] == 0 ? _fastestOfTry : old + ((_fastestOfTry < old ? FasterWeight : SlowerWeight) * (_fastestOfTry - old));
            _triedAt[candidate] = _spent;
            _tries[candidate]++;
            (_callsOfTry, _fastestOfTry) = (0, double.PositiveInfinity);
        }
    }
}
