using CharLM.Checkpoints;

namespace CharLM.Workbench.Runs;

/// <summary>
/// How a complete run ended: its <c>result.json</c>. Losses are kept, in nats; a perplexity is exp of its loss, and setting one sets
/// the other.
/// </summary>
/// <remarks>
/// A file has both. Files of before have perplexities alone; where there are both, the loss stands behind and is what counts.
/// </remarks>
public sealed record RunSummary
{
    private readonly LossFigure _train, _heldOut, _bestHeldOut;

    /// <summary>The text that was trained on.</summary>
    public required string Corpus { get; init; }

    /// <summary>Its SHA-256.</summary>
    public required string CorpusSha256 { get; init; }

    /// <summary>Tokens of the vocab, the unknown one included.</summary>
    public required int VocabSize { get; init; }

    /// <summary>The number of trainable values.</summary>
    public required long Parameters { get; init; }

    /// <summary>Finished epochs.</summary>
    public required int Epochs { get; init; }

    /// <summary>Minibatches that were learned.</summary>
    public required long Steps { get; init; }

    /// <summary>Perplexity over the last epoch.</summary>
    public required double? TrainPerplexity { get => _train.Perplexity; init => _train = LossFigure.OfPerplexity(value); }

    /// <summary>Nats a token over the last epoch.</summary>
    public double? TrainLoss { get => _train.Loss; init => _train = LossFigure.OfLoss(value); }

    /// <summary>Perplexity of the held-out text after it; null when none is held out.</summary>
    public double? HeldOutPerplexity { get => _heldOut.Perplexity; init => _heldOut = LossFigure.OfPerplexity(value); }

    /// <summary>Nats a token of the held-out text after it; null when none is held out.</summary>
    public double? HeldOutLoss { get => _heldOut.Loss; init => _heldOut = LossFigure.OfLoss(value); }

    /// <summary>
    /// Characters that a held-out token stands for, on average, with the space before a word; null when none is held out, or
    /// some are unknown.
    /// </summary>
    public double? CharactersPerToken { get; init; }

    /// <summary>The best held-out perplexity; null when none is held out.</summary>
    public double? BestHeldOutPerplexity { get => _bestHeldOut.Perplexity; init => _bestHeldOut = LossFigure.OfPerplexity(value); }

    /// <summary>The least held-out nats a token; null when none is held out.</summary>
    public double? BestHeldOutLoss { get => _bestHeldOut.Loss; init => _bestHeldOut = LossFigure.OfLoss(value); }

    /// <summary>After how many epochs it was reached.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>Whether the run ended before its last epoch because the held-out perplexity became no better.</summary>
    public required bool StoppedEarly { get; init; }

    /// <summary>Seconds of training.</summary>
    public required double TrainedSeconds { get; init; }

    /// <summary>Reads a result.json.</summary>
    /// <exception cref="CheckpointException">The file is missing, or not what it should be.</exception>
    public static RunSummary Read(string path) => RecordFile.Read<RunSummary>(path);
}
