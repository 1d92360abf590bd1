using CharLM.Models;

namespace CharLM.Workbench.Runs;

/// <summary>Describes a run's data and model, for the first lines of its output.</summary>
public sealed record RunDescription
{
    /// <summary>The actual training data: a text's name, or a file of pairs.</summary>
    public required string Corpus { get; init; }

    /// <summary>How much of it is trained on and held out.</summary>
    public required RunData Data { get; init; }

    /// <summary>The data that the continued checkpoint was trained on, if different; else null.</summary>
    public string? OtherCorpus { get; init; }

    /// <summary>The configuration of the model, or of the recurrent layers of a model on pairs.</summary>
    public required ModelConfig Model { get; init; }

    /// <summary>Number of trainable parameters.</summary>
    public required long NumParameters { get; init; }

    /// <summary>Number of frozen parameters; default 0.</summary>
    public long NumFrozen { get; init; }

    /// <summary>Epochs finished before this process; this run continues after them.</summary>
    public int EpochsDone { get; init; }

    /// <summary>Minibatches already trained in the resumed epoch; 0 at its beginning.</summary>
    public int BatchesDone { get; init; }

    /// <summary>Warnings about the resumed run: a damaged checkpoint, a different machine.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The plan of a run counted in steps; null for a run counted in epochs.</summary>
    public RunPlan? Plan { get; init; }

    /// <summary>The run directory; null if only a checkpoint is written.</summary>
    public string? RunDirectory { get; init; }
}

/// <summary>The length of a run in steps.</summary>
/// <param name="TotalSteps">Total number of minibatches.</param>
/// <param name="Passes">Number of passes over the training text.</param>
/// <param name="StepsPerEpoch">Minibatches per epoch; the last epoch may have fewer.</param>
/// <param name="Minutes">The requested minutes; null if not given.</param>
public sealed record RunPlan(int TotalSteps, double Passes, int StepsPerEpoch, double? Minutes)
{
    /// <summary>The last step of an epoch.</summary>
    /// <param name="epoch">The epoch, from 1.</param>
    public long LastStepOf(int epoch) => Math.Min((long)epoch * StepsPerEpoch, TotalSteps);
}

/// <summary>The amounts of training and held-out data: of a text, or of pairs.</summary>
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

        /// <summary>Training tokens.</summary>
        public required long TrainTokens { get; init; }

        /// <summary>Held-out tokens.</summary>
        public required long HeldOutTokens { get; init; }

        /// <summary>Tokens of the test part, measured at the end; 0 if there is none.</summary>
        public long TestTokens { get; init; }

        /// <summary>Description of the held-out text and its reading; null if nothing is held out.</summary>
        public required string? HeldOut { get; init; }

        /// <summary>Training tokens that are not in the vocab of the continued checkpoint.</summary>
        public long UnknownTokens { get; init; }

        /// <summary>Tokens added to the vocab of the continued checkpoint.</summary>
        public int AddedTokens { get; init; }

        /// <summary>Size of the vocab, including the unknown token.</summary>
        public required int VocabSize { get; init; }
    }

    /// <summary>Pairs of texts.</summary>
    public sealed record Pairs : RunData
    {
        /// <summary>Number of training pairs.</summary>
        public required int TrainPairs { get; init; }

        /// <summary>Number of held-out pairs.</summary>
        public required int HeldOutPairs { get; init; }

        /// <summary>Size of the source vocab, including the unknown token.</summary>
        public required int SourceTokens { get; init; }

        /// <summary>Number of labels, or size of the target vocab, including the unknown token.</summary>
        public required int TargetTokens { get; init; }
    }
}
