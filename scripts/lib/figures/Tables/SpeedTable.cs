namespace CharLM.Figures.Tables;

/// <summary>Tokens per second of one shape with one number of threads.</summary>
/// <param name="Threads">The most threads that either may use.</param>
/// <param name="Fused">The kernels.</param>
/// <param name="BuiltIn">torch.nn, alternating with them in the same process, with its faster number of threads.</param>
/// <param name="BuiltInThreads">That number.</param>
/// <param name="Ratio">The median of the rounds' ratios.</param>
/// <param name="OfProduct">Floating-point rate of a step over that of the product alone.</param>
internal sealed record SpeedFigure(int Threads, double Fused, double BuiltIn, int BuiltInThreads, double Ratio, double OfProduct);

/// <summary>A shape of a training step.</summary>
/// <param name="Name">The cell.</param>
/// <param name="Shape">Rows, steps, hidden units, and the vocab.</param>
/// <param name="Figures">With one thread, then with two.</param>
internal sealed record SpeedRow(string Name, string Shape, SpeedFigure[] Figures);

/// <summary>The file speed.json.</summary>
/// <param name="Origin">Where the figures come from.</param>
/// <param name="Gflops">The product alone, in GFLOP/s, with each number of threads.</param>
/// <param name="RoundTrips">Nanoseconds of a cache line's way to the other processor and back, the least and the most of all rows.</param>
/// <param name="Placement">What that says of the processors.</param>
/// <param name="Rows">The rows.</param>
internal sealed record SpeedFigures(Origin Origin, double[] Gflops, double[] RoundTrips, string Placement, SpeedRow[] Rows);

/// <summary>The fused kernels beside torch.nn.</summary>
internal static class SpeedTable
{
    /// <summary>Every row.</summary>
    /// <param name="figures">The figures.</param>
    public static IEnumerable<string> Lines(SpeedFigures figures)
    {
        yield return "| step | rows x steps x hidden, vocab | 1 thread: fused | torch.nn | ratio | of product | "
            + "2 threads: fused | torch.nn (threads) | ratio | of product |";
        yield return "|---|---|---|---|---|---|---|---|---|---|";
        foreach (SpeedRow row in figures.Rows)
        {
            SpeedFigure one = row.Figures[0], two = row.Figures[1];
            yield return $"| {row.Name} | {row.Shape} | {Numbers.Count(one.Fused)} | {Numbers.Count(one.BuiltIn)} | "
                + $"{Numbers.Fixed(one.Ratio, 2)} | {Percent(one.OfProduct)} | {Numbers.Count(two.Fused)} | "
                + $"{Numbers.Count(two.BuiltIn)} ({two.BuiltInThreads}) | {Numbers.Fixed(two.Ratio, 2)} | {Percent(two.OfProduct)} |";
        }
        yield return "";
        yield return $"{figures.Origin.Line} The product alone: {string.Join(" and ", figures.Gflops.Select(Numbers.Count))} GFLOP/s with "
            + $"one and two threads; a cache line to the other processor and back: {Numbers.Count(figures.RoundTrips[0])} to "
            + $"{Numbers.Count(figures.RoundTrips[1])} ns ({figures.Placement}).";
    }

    private static string Percent(double share) => $"{Numbers.Fixed(100 * share, 0)} %";
}
