using CharLM.Models;

namespace CharLM.Workbench.Runs;

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
