namespace CharLM.Models.Fused;

/// <summary>
/// A worker's share of the panels of all gates, as runs of panels of one gate; to be enumerated, makes no garbage.
/// </summary>
/// <param name="gates">Gates.</param>
/// <param name="units">Panels of a gate.</param>
/// <param name="worker">Which worker.</param>
/// <param name="workers">How many share the work.</param>
internal struct WorkShare(int gates, int units, int worker, int workers)
{
    private readonly int _end = (int)((long)gates * units * (worker + 1) / workers);
    private int _begin = (int)((long)gates * units * worker / workers);
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
