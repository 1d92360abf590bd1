namespace CharLM.Models.Fused.Gemm;

/// <summary>
/// Some rows of some steps of a minibatch, which one worker computes at a time: row <c>step * Batch + Begin</c> and the
/// <see cref="Count"/> - 1 rows after it.
/// </summary>
/// <param name="Batch">All rows of a step.</param>
/// <param name="Begin">The first row of the grid within a step.</param>
/// <param name="Count">Number of the grid's rows per step.</param>
/// <param name="Steps">Number of steps.</param>
/// <param name="FirstStep">The grid's first step in the minibatch; default 0.</param>
internal readonly record struct RowGrid(int Batch, int Begin, int Count, int Steps, int FirstStep = 0)
{
    /// <summary>Rows per tile of the product; shares are multiples of it if there are enough rows.</summary>
    public const int Unit = 8;

    /// <summary>The grid's first row of a step, counted from the grid's first step.</summary>
    public int First(int step) => (FirstStep + step) * Batch + Begin;

    /// <summary>Some of the steps.</summary>
    /// <param name="from">The first step, counted from the grid's first.</param>
    /// <param name="count">The most steps; fewer if the grid ends earlier.</param>
    public RowGrid Part(int from, int count) => this with { FirstStep = FirstStep + from, Steps = Math.Clamp(Steps - from, 0, count) };

    /// <summary>Splits the rows of each step into two halves, in whole tiles.</summary>
    /// <returns>The halves; the second is empty if there are not two tiles.</returns>
    public (RowGrid First, RowGrid Second) Halves()
    {
        int kept = Count < 2 * Unit ? Count : Count / 2 / Unit * Unit;
        return (this with { Count = kept }, this with { Begin = Begin + kept, Count = Count - kept });
    }

    /// <summary>A worker's share of all rows.</summary>
    public static RowGrid Share(int batch, int steps, int worker, int workers)
    {
        int unit = batch >= Unit * workers ? Unit : batch >= 4 * workers ? 4 : 1;
        int units = (batch + unit - 1) / unit;
        int begin = Math.Min(batch, unit * (int)((long)units * worker / workers));
        int end = Math.Min(batch, unit * (int)((long)units * (worker + 1) / workers));
        return new RowGrid(batch, begin, end - begin, steps);
    }
}
