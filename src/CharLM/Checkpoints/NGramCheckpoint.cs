using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Tokenization;
using static TorchSharp.torch;

namespace CharLM.Checkpoints;

/// <summary>Counted n-grams with everything that is needed to use them alone.</summary>
public sealed record NGramCheckpoint : ISavedModel
{
    /// <summary>The counts.</summary>
    public required NGramModel Model { get; init; }

    /// <inheritdoc/>
    public required TextConfig Text { get; init; }

    /// <inheritdoc/>
    public required Vocab Vocab { get; init; }

    /// <inheritdoc/>
    public required CorpusRecord Corpus { get; init; }

    /// <inheritdoc/>
    public TextSketch? TrainedText { get; init; }

    /// <inheritdoc/>
    public required Figures Figures { get; init; }

    /// <summary>The model; it needs neither a device nor torch.</summary>
    public ILanguageModel Open(Device? device = null, int threads = 0) => Model;
}
