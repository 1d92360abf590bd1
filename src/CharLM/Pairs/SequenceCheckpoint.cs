using CharLM.Checkpoints;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Pairs;

/// <summary>A trained classifier or translator with everything that is needed to use it alone.</summary>
/// <typeparam name="TConfig">What the model is made of.</typeparam>
public sealed record SequenceCheckpoint<TConfig> : IRunCheckpoint
    where TConfig : class
{
    /// <summary>What the model is made of.</summary>
    public required TConfig Config { get; init; }

    /// <summary>Tokens of what is read.</summary>
    public required Vocab Source { get; init; }

    /// <summary>Labels, or tokens of what is written.</summary>
    public required Vocab Target { get; init; }

    /// <summary>How it was trained.</summary>
    public required TrainerConfig Training { get; init; }

    /// <summary>Which file it was trained on.</summary>
    public required CorpusRecord Corpus { get; init; }

    /// <summary>What training had reached.</summary>
    public required Figures Figures { get; init; }

    /// <summary>The weights by name.</summary>
    public required IReadOnlyDictionary<string, WeightArray> Weights { get; init; }

    /// <summary>What is needed to go on exactly; null in a model that is only to be used.</summary>
    public ResumeState? Resume { get; init; }
}
