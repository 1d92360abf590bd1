namespace CharLM.Workbench.Benchmarking;

/// <summary>What was measured of a shape.</summary>
/// <param name="Shape">What was measured.</param>
/// <param name="SecondsOfStep">Median over the rounds of the mean time of a step: forward, backward, clip, update.</param>
/// <param name="Fastest">The fastest round's.</param>
/// <param name="Slowest">The slowest round's.</param>
/// <param name="PeakBytes">How much memory the process took beyond what it had before the model; null where the system does not tell.</param>
public sealed record StepTiming(StepShape Shape, double SecondsOfStep, double Fastest, double Slowest, long? PeakBytes)
{
    /// <summary>Tokens learned in a second.</summary>
    public double TokensPerSecond => Shape.Tokens / SecondsOfStep;

    /// <summary>Floating-point operations of products in a second.</summary>
    public double FlopsPerSecond => Shape.ProductFlops / SecondsOfStep;

    /// <summary>torch.nn beside it, at its better number of threads; null for what is not fused.</summary>
    public PeerTiming? BuiltIn { get; init; }
}

/// <summary>The same steps computed by torch.nn, measured in turn with the fused ones.</summary>
/// <param name="Threads">Threads of one torch operation.</param>
/// <param name="SecondsOfStep">Median over the rounds.</param>
/// <param name="Ratio">How many times as long its steps took, the median of the rounds' ratios.</param>
public sealed record PeerTiming(int Threads, double SecondsOfStep, double Ratio);
