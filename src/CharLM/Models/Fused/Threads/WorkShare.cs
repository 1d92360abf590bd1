using CharLM.Models.Fused.Gemm;

namespace CharLM.Models.Fused.Threads;

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
