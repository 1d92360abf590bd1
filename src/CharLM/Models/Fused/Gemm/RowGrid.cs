using System.Runtime.CompilerServices;

namespace CharLM.Models.Fused.Gemm;

/// <summary>Some sequences of a minibatch at some steps, which one worker computes at a time.</summary>
/// <param name="Layout">Where the rows are.</param>
/// <param name="Begin">The first sequence.</param>
/// <param name="Count">Number of sequences.</param>
/// <param name="Steps">Number of steps.</param>
/// <param name="FirstStep">The first step; default 0.</param>
internal readonly record struct RowGrid(RowLayout Layout, int Begin, int Count, int Steps, int FirstStep = 0)
{
    /// <summary>The same sequences and steps, in the rows after each step.</summary>
    public RowGrid After => this with { FirstStep = FirstStep + 1 };

    /// <summary>The same sequences in a matrix of what is carried from step to step.</summary>
    public RowGrid Carried => new(RowLayout.OfCarried(Layout.Batch), Begin, Count, 1);

    /// <summary>The grid by strips.</summary>
    public RowPieces Pieces
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(this);
    }

    /// <summary>All rows of a matrix without steps.</summary>
    public static RowGrid All(int rows) => new(RowLayout.OfState(rows), 0, rows, 1);

    /// <summary>Some of the steps.</summary>
    /// <param name="from">The first step, counted from the grid's first.</param>
    /// <param name="count">The most steps; fewer if the grid ends earlier.</param>
    public RowGrid Part(int from, int count) => this with { FirstStep = FirstStep + from, Steps = Math.Clamp(Steps - from, 0, count) };

    /// <summary>Splits the sequences into two halves, in whole strips.</summary>
    /// <returns>The halves; the second is empty if there are not two strips.</returns>
    public (RowGrid First, RowGrid Second) Halves()
    {
        int kept = Count < 2 * RowLayout.Strip ? Count : Count / 2 / RowLayout.Strip * RowLayout.Strip;
        return (this with { Count = kept }, this with { Begin = Begin + kept, Count = Count - kept });
    }

    /// <summary>A worker's share of all sequences: whole strips if there are enough.</summary>
    public static RowGrid Share(RowLayout layout, int worker, int workers)
    {
        int batch = layout.Batch, unit = batch >= RowLayout.Strip * workers ? RowLayout.Strip : batch >= 4 * workers ? 4 : 1;
        int units = (batch + unit - 1) / unit;
        int begin = Math.Min(batch, unit * (int)((long)units * worker / workers));
        int end = Math.Min(batch, unit * (int)((long)units * (worker + 1) / workers));
        return new RowGrid(layout, begin, end - begin, layout.Steps);
    }
}

/// <summary>The part of a grid that lies in one strip: at each step, some adjacent rows.</summary>
/// <param name="First">The first row of the grid's first step.</param>
/// <param name="Count">Rows per step.</param>
/// <param name="Stride">Rows from one step to the next.</param>
/// <param name="Sequence">The sequence of the first row.</param>
internal readonly record struct RowPiece(int First, int Count, int Stride, int Sequence)
{
    /// <summary>The first row of a step.</summary>
    /// <param name="step">The step, counted from the grid's first.</param>
    public int Row(int step) => First + (step * Stride);
}

/// <summary>Enumerates the parts of a grid, without allocating; inline, since a minibatch of one row has one short tile per part.</summary>
[method: MethodImpl(MethodImplOptions.AggressiveInlining)]
internal struct RowPieces(in RowGrid grid)
{
    private readonly int _batch = grid.Layout.Batch, _rowsOfSequence = grid.Layout.Steps + 1, _step = grid.FirstStep,
        _end = grid.Begin + grid.Count;

    private int _next = grid.Begin;

    /// <summary>The part.</summary>
    public RowPiece Current { get; private set; }

    /// <summary>Moves to the next part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext()
    {
        int begin = _next, strip = begin / RowLayout.Strip * RowLayout.Strip, width = Math.Min(RowLayout.Strip, _batch - strip);
        if (begin >= _end)
            return false;
        _next = Math.Min(_end, strip + RowLayout.Strip);
        Current = new RowPiece((strip * _rowsOfSequence) + (_step * width) + (begin - strip), _next - begin, width, begin);
        return true;
    }

    /// <summary>Itself, for <c>foreach</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly RowPieces GetEnumerator() => this;
}
