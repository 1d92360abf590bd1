using System.Diagnostics;
using CharLM.Models.Fused.Gemm;

namespace CharLM.Models.Fused.Threads;

/// <summary>
/// Shares the rows of a minibatch out among workers: each gets some rows and takes them through all steps, forwards and back again,
/// a few steps at a time. A worker that is done before another, whose processor is slower just now, gets half of the other's rows.
/// </summary>
/// <remarks>
/// Rows do not depend on each other, so results do not depend on who computes them. A stage, which is what a worker does before it
/// asks again, is a step or a few of the way forwards or backwards, through all layers: short enough for a fair end, and what it
/// writes is still in the second-level cache when the layer above reads it.
/// </remarks>
internal sealed class WorkStealing(int workers)
{
    private const int StagesEachWay = 32;

    private readonly Lock _lock = new();
    private readonly Part[] _parts = new Part[workers];
    private Part _offer;
    private int _batch, _steps, _stepsOfStage, _stagesEachWay, _first, _end, _shares, _unclaimed;
    private long _begun;

    // Workers that have rows; those that wait for some, less those for whom some are on offer.
    private volatile int _working;
    private int _hungry;
    private volatile bool _offered;

    /// <summary>Begins a minibatch.</summary>
    /// <param name="batch">Rows of a step.</param>
    /// <param name="steps">Steps.</param>
    /// <param name="active">Workers that may take part.</param>
    /// <param name="forward">Whether to go forwards.</param>
    /// <param name="backward">Whether to go backwards, after that.</param>
    public void Begin(int batch, int steps, int active, bool forward, bool backward)
    {
        (_batch, _steps, _shares, _unclaimed) = (batch, steps, active, 0);
        _stepsOfStage = (steps + StagesEachWay - 1) / StagesEachWay;
        _stagesEachWay = (steps + _stepsOfStage - 1) / _stepsOfStage;
        (_first, _end) = (forward ? 0 : _stagesEachWay, backward ? 2 * _stagesEachWay : _stagesEachWay);
        (_working, _hungry, _offered) = (0, 0, false);
        _begun = Stopwatch.GetTimestamp();
        Array.Clear(_parts);
    }

    /// <summary>What a worker does next.</summary>
    /// <param name="worker">Which worker.</param>
    /// <param name="rows">Receives rows and steps.</param>
    /// <param name="backward">Receives whether they are on the way back.</param>
    /// <returns>Whether there is anything.</returns>
    public bool Next(int worker, out RowGrid rows, out bool backward)
    {
        ref Part part = ref _parts[worker];
        if (HasMore(ref part) || Receive(ref part))
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

    // Whether the worker has rows to go on with, or gets some that nobody is working on.
    private bool HasMore(ref Part part)
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
            while (_unclaimed < _shares && part.Rows.Count == 0)
                part = new Part { Rows = RowGrid.Share(_batch, _steps, _unclaimed++, _shares), Stage = _first, Begun = part.Begun };
            if (part.Rows.Count > 0)
            {
                _working++;
                return true;
            }
            // This worker waits now, or takes what is on offer for another, who may have lost his processor and goes on waiting.
            _hungry++;
            if (_offered)
                Accept(ref part);
            return part.Rows.Count > 0;
        }
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

    // Waits for rows of another worker, about as long as that one's stage can take: who waits longer had better sleep.
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

    // The rows of a worker, the next of their stages, and when the last one began.
    private struct Part
    {
        public RowGrid Rows;
        public int Stage;
        public long Begun;
    }
}

/// <summary>
/// A task's share of the panels of all gates, as runs of panels of one gate; to be enumerated, makes no garbage.
/// </summary>
/// <param name="gates">Gates.</param>
/// <param name="units">Panels of a gate.</param>
/// <param name="task">Which part of the work.</param>
/// <param name="tasks">How many parts there are.</param>
internal struct WorkShare(int gates, int units, int task, int tasks)
{
    private readonly int _end = (int)((long)gates * units * (task + 1) / tasks);
    private int _begin = (int)((long)gates * units * task / tasks);
    private int _length;

    /// <summary>The gate, its first panel in the share, and how many are.</summary>
    public readonly (int Gate, int Unit, int Count) Current => (_begin / units, _begin % units, _length);

    /// <summary>To the next run.</summary>
    public bool MoveNext()
    {
        _begin += _length;
        _length = Math.Min(units - (_begin % units), _end - _begin);
        return _begin < _end;
    }

    /// <summary>Itself, for <c>foreach</c>.</summary>
    public readonly WorkShare GetEnumerator() => this;
}
