using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Experiments;

/// <summary>One run of an experiment.</summary>
public sealed record Trial
{
    /// <summary>Its place in the experiment, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>Its name, which is that of its run directory: the same whatever other trials there are.</summary>
    public required string Id { get; init; }

    /// <summary>What it changes of the base, in words; trials that differ in the seed only have the same.</summary>
    public required string Variant { get; init; }

    /// <summary>The seed.</summary>
    public long Seed => Config.Training.Seed;

    /// <summary>Which repetition with this seed, from 1.</summary>
    public required int Repeat { get; init; }

    /// <summary>All that the run is told.</summary>
    public required RunConfig Config { get; init; }
}
