using CharLM.Models;
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

/// <summary>What a run trains on what, for the line that opens its report.</summary>
public sealed record RunDescription
{
    /// <summary>The corpus that is really used.</summary>
    public required string Corpus { get; init; }

    /// <summary>Tokens of the whole corpus.</summary>
    public required long CorpusTokens { get; init; }

    /// <summary>Tokens that are trained on.</summary>
    public required int TrainTokens { get; init; }

    /// <summary>Tokens that are held out.</summary>
    public required int HeldOutTokens { get; init; }

    /// <summary>How the held-out text is split off and read, in words; null when nothing is held out.</summary>
    public required string? HeldOut { get; init; }

    /// <summary>What the checkpoint that is gone on from was trained on, when that is another text; else null.</summary>
    public string? OtherCorpus { get; init; }

    /// <summary>Tokens that are trained on but not in the vocab of the checkpoint that is gone on from.</summary>
    public int UnknownTokens { get; init; }

    /// <summary>Tokens of the vocab, the unknown one included.</summary>
    public required int VocabSize { get; init; }

    /// <summary>What the model is made of.</summary>
    public required ModelConfig Model { get; init; }

    /// <summary>The number of trainable values.</summary>
    public required long NumParameters { get; init; }

    /// <summary>Epochs that an earlier run had finished; this one goes on after them.</summary>
    public required int EpochsDone { get; init; }

    /// <summary>Minibatches of the epoch that goes on that are learned already; 0 when one begins.</summary>
    public int BatchesDone { get; init; }

    /// <summary>What a person should know about the run that goes on: a checkpoint that is damaged, another machine.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Where all of the run is written; null when only a checkpoint is.</summary>
    public string? RunDirectory { get; init; }
}
