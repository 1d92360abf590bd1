using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>How a run ended.</summary>
public sealed record RunResult
{
    /// <summary>What was trained on what.</summary>
    public required RunDescription Description { get; init; }

    /// <summary>The last finished epoch; null when none was finished.</summary>
    public required EpochReport? LastEpoch { get; init; }

    /// <summary>The best held-out perplexity, and after how many epochs; null when nothing is held out.</summary>
    public required (double Perplexity, int Epoch)? Best { get; init; }

    /// <summary>Where the model of <see cref="Best"/> is; null when nothing is held out.</summary>
    public required string? BestCheckpointPath { get; init; }

    /// <summary>Epochs that are finished, those of earlier runs included.</summary>
    public required int EpochsDone { get; init; }

    /// <summary>The last sample, prefix included; null when the run was interrupted.</summary>
    public required string? Sample { get; init; }

    /// <summary>The checkpoint that was written.</summary>
    public required string CheckpointPath { get; init; }

    /// <summary>Where all of the run is; null when only a checkpoint is written.</summary>
    public string? RunDirectory { get; init; }

    /// <summary>Whether the run was asked to end before its last epoch.</summary>
    public required bool Interrupted { get; init; }
}
