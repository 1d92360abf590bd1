using CharLM.Models;
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

/// <summary>What a run on pairs trains on what, for the lines that open its report.</summary>
public sealed record SequenceDescription
{
    /// <summary>What files call the kind of model.</summary>
    public required string Kind { get; init; }

    /// <summary>The file of the pairs to learn.</summary>
    public required string Data { get; init; }

    /// <summary>How many they are.</summary>
    public required int Pairs { get; init; }

    /// <summary>How many pairs are held out.</summary>
    public required int HeldOutPairs { get; init; }

    /// <summary>Tokens of what is read, the unknown one included.</summary>
    public required int SourceTokens { get; init; }

    /// <summary>Labels, or tokens of what is written, the unknown one included.</summary>
    public required int TargetTokens { get; init; }

    /// <summary>The recurrent layers.</summary>
    public required ModelConfig Model { get; init; }

    /// <summary>The number of trainable values.</summary>
    public required long NumParameters { get; init; }

    /// <summary>What the checkpoint that is gone on from was trained on, when those are other pairs; else null.</summary>
    public string? OtherData { get; init; }

    /// <summary>Epochs that an earlier run had finished; this one goes on after them.</summary>
    public int EpochsDone { get; init; }

    /// <summary>Minibatches of the epoch that goes on that are learned already; 0 when one begins.</summary>
    public int BatchesDone { get; init; }

    /// <summary>What a person should know about the run that goes on: a checkpoint that is damaged, another machine.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Where all of the run is written; null when only a checkpoint is.</summary>
    public string? RunDirectory { get; init; }
}
