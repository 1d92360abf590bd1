using System.Diagnostics;
using CharLM.Models.Fused.Gemm;

namespace CharLM.Models.Fused.Threads;

/// <summary>
/// Distributes the rows of a minibatch among workers: each gets some rows and takes them through all steps, forwards and backwards, a
/// few steps at a time. A worker that finishes early gets half the rows of a slower one.
/// </summary>
/// <remarks>
/// Rows are independent, so results do not depend on which worker computes them. Between two requests a worker does one stage: one or a
/// few steps forwards or backwards through all layers. That is short enough for workers to finish together, and for a layer's output
/// to be still in the second-level cache when the layer above reads it.
/// </remarks>
internal sealed class WorkStealing(int workers)
{
    private const int StagesEachWay = 32;

    private readonly Lock _lock = new();
    private readonly Part[] _parts = new Part[workers];
    private readonly bool[] _claimed = new bool[workers];
    private Part _offer;
    private RowLayout _layout;
    private int _stepsOfStage, _stagesEachWay, _first, _end, _shares;
    private long _begun;

    // Workers that have rows, and workers that wait for rows, minus one if rows are on offer.
    private volatile int _working;
    private int _hungry;
    private volatile bool _offered;

    /// <summary>Begins a minibatch.</summary>
    /// <param name="layout">Its sequences and steps.</param>
    /// <param name="active">The most workers to use.</param>
    /// <param name="forward">Whether to go forwards.</param>
    /// <param name="backward">Whether to go backwards afterwards.</param>
    public void Begin(RowLayout layout, int active, bool forward, bool backward)
    {
        (_layout, _shares) = (layout, active);
        int steps = layout.Steps;
        _stepsOfStage = (steps + StagesEachWay - 1) / StagesEachWay;
        _stagesEachWay = (steps + _stepsOfStage - 1) / _stepsOfStage;
        (_first, _end) = (forward ? 0 : _stagesEachWay, backward ? 2 * _stagesEachWay : _stagesEachWay);
        (_working, _hungry, _offered) = (0, 0, false);
        _begun = Stopwatch.GetTimestamp();
        Array.Clear(_parts);
        Array.Clear(_claimed);
    }

    /// <summary>Gets a worker's next stage.</summary>
    /// <param name="worker">The worker.</param>
    /// <param name="rows">Receives rows and steps.</param>
    /// <param name="backward">Receives whether they go backwards.</param>
    /// <returns>Whether there is one.</returns>
    public bool Next(int worker, out RowGrid rows, out bool backward)
    {
        ref Part part = ref _parts[worker];
        if (HasMore(worker, ref part) || Receive(ref part))
        {
            int stage = part.Stage++;
            backward = stage >= _stagesEachWay;
            rows = part.Rows.Part((backward ? (2 * _stagesEachWay) - 1 - stage : stage) * _stepsOfStage, _stepsOfStage);
            part.Begun = Stopwatch.GetTimestamp();
            return true;
        }
        (rows, backward) = (default, false);
        return false;
    }

    // Whether the worker has rows left, or gets some that no worker has yet.
    private bool HasMore(int worker, ref Part part)
    {
        lock (_lock)
        {
            if (part.Rows.Count > 0 && part.Stage < _end)
            {
                if (_hungry > 0 && !_offered)
                    Offer(ref part);
                return true;
            }
            if (part.Rows.Count > 0)
                _working--;
            part.Rows = default;
            while (part.Rows.Count == 0 && Claim(worker) is var share and >= 0)
                part = new Part { Rows = RowGrid.Share(_layout, share, _shares), Stage = _first, Begun = part.Begun };
            if (part.Rows.Count > 0)
            {
                _working++;
                return true;
            }
            // This worker waits now, or takes rows on offer to another, which may have lost its processor and keeps waiting.
            _hungry++;
            if (_offered)
                Accept(ref part);
            return part.Rows.Count > 0;
        }
    }

    // A worker's own share, whose rows of the last minibatch are in its cache, else one that no worker has begun; -1 if there is none.
    private int Claim(int worker)
    {
        int share = worker < _shares && !_claimed[worker] ? worker : Array.IndexOf(_claimed, false, 0, _shares);
        if (share >= 0)
            _claimed[share] = true;
        return share;
    }

    private void Offer(ref Part part)
    {
        (RowGrid kept, RowGrid offered) = part.Rows.Halves();
        if (offered.Count == 0)
            return;
        part.Rows = kept;
        _offer = new Part { Rows = offered, Stage = part.Stage };
        _offered = true;
        _hungry--;
    }

    private void Accept(ref Part part)
    {
        (part, _offered) = (_offer, false);
        _working++;
    }

    // Waits for rows of another worker, about as long as its stage can take: beyond that, sleeping is better.
    private bool Receive(ref Part part)
    {
        long now = Stopwatch.GetTimestamp(), until = now + (2 * (now - Math.Max(part.Begun, _begun)));
        while (true)
        {
            bool giveUp = _working == 0 || Stopwatch.GetTimestamp() > until;
            if (_offered || giveUp)
            {
                lock (_lock)
                {
                    if (_offered)
                    {
                        Accept(ref part);
                        return true;
                    }
                    if (giveUp)
                    {
                        _hungry--;
                        return false;
                    }
                }
            }
            Thread.SpinWait(8);
        }
    }

    // The rows of a worker, their next stage, and when the last one began.
    private struct Part
    {
        public RowGrid Rows;
        public int Stage;
        public long Begun;
    }
}

/// <summary>
/// Enumerates a task's share of the panels of all gates, as runs of panels of one gate, without allocating.
/// </summary>
/// <param name="gates">Number of gates.</param>
/// <param name="units">Panels per gate.</param>
/// <param name="task">The task, from 0.</param>
/// <param name="tasks">Number of tasks.</param>
internal struct WorkShare(int gates, int units, int task, int tasks)
{
    private readonly int _end = (int)((long)gates * units * (task + 1) / tasks);
    private int _begin = (int)((long)gates * units * task / tasks);
    private int _length;

    /// <summary>The gate, its first panel in the run, and the number of panels.</summary>
    public readonly (int Gate, int Unit, int Count) Current => (_begin / units, _begin % units, _length);

    /// <summary>Moves to the next run.</summary>
    public bool MoveNext()
    {
        _begin += _length;
        _length = Math.Min(units - (_begin % units), _end - _begin);
        return _begin < _end;
    }

    /// <summary>Itself, for <c>foreach</c>.</summary>
    public readonly WorkShare GetEnumerator() => this;
}
