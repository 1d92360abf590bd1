using CharLM.Models;

namespace CharLM.Workbench.Runs;

/// <summary>What a run trains on what, for the lines that open its report.</summary>
public sealed record RunDescription
{
    /// <summary>What is really learned: a text's name, or a file of pairs.</summary>
    public required string Corpus { get; init; }

    /// <summary>How much of it is learned, and how much held out.</summary>
    public required RunData Data { get; init; }

    /// <summary>What the checkpoint that is gone on from was trained on, when that is something else; else null.</summary>
    public string? OtherCorpus { get; init; }

    /// <summary>What the model, or the recurrent layers of a model on pairs, are made of.</summary>
    public required ModelConfig Model { get; init; }

    /// <summary>The number of trainable values.</summary>
    public required long NumParameters { get; init; }

    /// <summary>How many of them stay as they are; default 0.</summary>
    public long NumFrozen { get; init; }

    /// <summary>Epochs that an earlier run had finished; this one goes on after them.</summary>
    public int EpochsDone { get; init; }

    /// <summary>Minibatches of the epoch that goes on that are learned already; 0 when one begins.</summary>
    public int BatchesDone { get; init; }

    /// <summary>What a person should know about the run that goes on: a checkpoint that is damaged, another machine.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>How far a run goes that is counted in steps; null when it goes by epochs.</summary>
    public RunPlan? Plan { get; init; }

    /// <summary>Where all of the run is written; null when only a checkpoint is.</summary>
    public string? RunDirectory { get; init; }
}

/// <summary>How far a run goes.</summary>
/// <param name="TotalSteps">Minibatches in all.</param>
/// <param name="Passes">How often they read the training text.</param>
/// <param name="StepsPerEpoch">Minibatches of an epoch; the last one may have fewer.</param>
/// <param name="Minutes">What they were to take; null when nobody said.</param>
public sealed record RunPlan(int TotalSteps, double Passes, int StepsPerEpoch, double? Minutes)
{
    /// <summary>The step that ends an epoch.</summary>
    /// <param name="epoch">Which epoch, from 1.</param>
    public long LastStepOf(int epoch) => Math.Min((long)epoch * StepsPerEpoch, TotalSteps);
}

/// <summary>How much a run learns and holds out: of a text, or of pairs.</summary>
public abstract record RunData
{
    private RunData()
    {
    }

    /// <summary>A text.</summary>
    public sealed record Text : RunData
    {
        /// <summary>Tokens of the whole corpus.</summary>
        public required long CorpusTokens { get; init; }

        /// <summary>Tokens that are trained on.</summary>
        public required long TrainTokens { get; init; }

        /// <summary>Tokens that are held out.</summary>
        public required long HeldOutTokens { get; init; }

        /// <summary>Tokens that are kept for the measurement at the end; 0 when none are.</summary>
        public long TestTokens { get; init; }

        /// <summary>How the held-out text is split off and read, in words; null when nothing is held out.</summary>
        public required string? HeldOut { get; init; }

        /// <summary>Tokens that are trained on but not in the vocab of the checkpoint that is gone on from.</summary>
        public long UnknownTokens { get; init; }

        /// <summary>Tokens that were added to the vocab of the checkpoint that is gone on from.</summary>
        public int AddedTokens { get; init; }

        /// <summary>Tokens of the vocab, the unknown one included.</summary>
        public required int VocabSize { get; init; }
    }

    /// <summary>Pairs of texts.</summary>
    public sealed record Pairs : RunData
    {
        /// <summary>How many are trained on.</summary>
        public required int TrainPairs { get; init; }

        /// <summary>How many are held out.</summary>
        public required int HeldOutPairs { get; init; }

        /// <summary>Tokens of what is read, the unknown one included.</summary>
        public required int SourceTokens { get; init; }

        /// <summary>Labels, or tokens of what is written, the unknown one included.</summary>
        public required int TargetTokens { get; init; }
    }
}
