namespace CharLM.Models.Fused.Gemm;

/// <summary>
/// Some rows of some steps of a minibatch: rows <c>step * Batch + Begin</c> and the <see cref="Count"/> - 1 after it. What one
/// worker works on at a time.
/// </summary>
/// <param name="Batch">Rows of a step, all workers' together.</param>
/// <param name="Begin">The first of a step's rows that takes part.</param>
/// <param name="Count">How many take part.</param>
/// <param name="Steps">Steps.</param>
/// <param name="FirstStep">The minibatch's step that is the first.</param>
internal readonly record struct RowGrid(int Batch, int Begin, int Count, int Steps, int FirstStep = 0)
{
    /// <summary>Rows of a tile of the product: shares are multiples of it where there are enough.</summary>
    public const int Unit = 8;

    /// <summary>The first row of a step, which counts from the grid's first.</summary>
    public int First(int step) => (FirstStep + step) * Batch + Begin;

    /// <summary>Some of the steps.</summary>
    /// <param name="from">The first, counted from the grid's first.</param>
    /// <param name="count">How many, or as many as there are.</param>
    public RowGrid Part(int from, int count) => this with { FirstStep = FirstStep + from, Steps = Math.Clamp(Steps - from, 0, count) };

    /// <summary>Two halves of the rows of each step, in whole tiles.</summary>
    /// <returns>The second half is empty where there is one tile only.</returns>
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
