namespace CharLM.Benchmarking;

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
}
