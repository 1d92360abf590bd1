namespace CharLM.Models.Fused;

/// <summary>
/// Some rows of each step of a minibatch: rows <c>step * Batch + Begin</c> and the <see cref="Count"/> - 1 after it. What one
/// worker works on, from the first step to the last.
/// </summary>
/// <param name="Batch">Rows of a step, all workers' together.</param>
/// <param name="Begin">The first of a step's rows that takes part.</param>
/// <param name="Count">How many take part.</param>
/// <param name="Steps">Steps.</param>
internal readonly record struct RowGrid(int Batch, int Begin, int Count, int Steps)
{
    /// <summary>The first row of a step.</summary>
    public int First(int step) => step * Batch + Begin;

    /// <summary>One step alone, its rows counted from the first of the step.</summary>
    public RowGrid OneStep() => this with { Steps = 1 };

    /// <summary>A worker's share; 8 rows make a tile, so shares are multiples of 8 where there are enough.</summary>
    public static RowGrid Share(int batch, int steps, int worker, int workers)
    {
        int unit = batch >= 8 * workers ? 8 : batch >= 4 * workers ? 4 : 1;
        int units = (batch + unit - 1) / unit;
        int begin = Math.Min(batch, unit * (int)((long)units * worker / workers));
        int end = Math.Min(batch, unit * (int)((long)units * (worker + 1) / workers));
        return new RowGrid(batch, begin, end - begin, steps);
    }
}
