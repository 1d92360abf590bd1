using System.Diagnostics;

namespace CharLM.Models.Fused;

/// <summary>
/// Chooses how many workers share a minibatch, by measuring: more threads are slower when the work is small, when the processors
/// are two halves of one, or when somebody else uses them. The choice does not change results.
/// </summary>
/// <remarks>
/// Each candidate (1, 2, 4, ...) is tried a few times; then the fastest is used, and the others have a try now and then, since
/// neighbours come and go: as often as a try costs no more than a hundredth of the time, for a worker that waits for a
/// processor can hold a small minibatch up for a hundred times its length. A single sequence, as in generation, has one worker.
/// </remarks>
internal sealed class WorkerChoice
{
    // The first calls compile the kernels.
    private const int WarmUps = 4, FirstTries = 4, TriesApart = 100;
    private const double NewWeight = 0.3;

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
        private double _spent;
        private int _calls;

        public int Choose()
        {
            if (_calls < WarmUps)
                return _calls % candidates;
            for (int candidate = 0; candidate < candidates; candidate++)
            {
                if (_tries[candidate] < FirstTries)
                    return candidate;
            }
            for (int candidate = 0; candidate < candidates; candidate++)
            {
                if (_spent - _triedAt[candidate] > TriesApart * _seconds[candidate])
                    return candidate;
            }
            int best = 0;
            for (int candidate = 1; candidate < candidates; candidate++)
            {
                if (_seconds[candidate] < _seconds[best])
                    best = candidate;
            }
            return best;
        }

        public void Add(int candidate, double seconds)
        {
            if (_calls++ < WarmUps)
                return;
            _spent += seconds;
            _triedAt[candidate] = _spent;
            _seconds[candidate] = _tries[candidate] == 0 ? seconds
                : _tries[candidate] < FirstTries ? Math.Min(_seconds[candidate], seconds)
                : _seconds[candidate] + (NewWeight * (seconds - _seconds[candidate]));
            _tries[candidate]++;
        }
    }
}
