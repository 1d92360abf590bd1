using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>How a run on pairs ended.</summary>
public sealed record SequenceResult
{
    /// <summary>What was trained on what.</summary>
    public required SequenceDescription Description { get; init; }

    /// <summary>The last epoch that this run finished, with what the held-out pairs told; null when none was finished.</summary>
    public required EpochReport? LastEpoch { get; init; }

    /// <summary>
    /// The best that the held-out pairs told, by the figure that counts: the greatest accuracy or exact match, for what a label
    /// steers the least loss; and after how many epochs. Null when none are held out.
    /// </summary>
    public required (string Figure, double Value, int Epoch)? Best { get; init; }

    /// <summary>Where the model of <see cref="Best"/> is; null when none are held out.</summary>
    public required string? BestCheckpointPath { get; init; }

    /// <summary>Epochs that are finished, those of earlier runs included.</summary>
    public required int EpochsDone { get; init; }

    /// <summary>The checkpoint that was written.</summary>
    public required string CheckpointPath { get; init; }

    /// <summary>Where all of the run is; null when only a checkpoint is written.</summary>
    public string? RunDirectory { get; init; }

    /// <summary>Whether the run was asked to end before its last epoch.</summary>
    public required bool Interrupted { get; init; }
}
