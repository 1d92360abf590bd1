using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>What a run of any kind left behind, for a report.</summary>
public abstract record RecordedRun
{
    /// <summary>What the run is called in the report.</summary>
    public required string Name { get; init; }

    /// <summary>Its directory; null when only a log is known.</summary>
    public RunDirectory? Directory { get; init; }

    /// <summary>All that the run was told; null when only a log is known.</summary>
    public abstract RunSettings? Settings { get; }

    /// <summary>What it ran on; null when only a log is known.</summary>
    public RunEnvironment? Environment { get; init; }

    /// <summary>Its samples, in order.</summary>
    public required IReadOnlyList<RunSample> Samples { get; init; }

    /// <summary>The checkpoint that speaks for the run: the best when there is one, else the last; null when there is none.</summary>
    public string? CheckpointPath => new[] { Directory?.BestCheckpointPath, Directory?.LastCheckpointPath }.FirstOrDefault(File.Exists);
}
