using System.Text.Json;
using System.Text.Json.Serialization;
using CharLM.Checkpoints;

namespace CharLM.Workbench.Runs;

/// <summary>
/// The summary of a complete run of any kind: its <c>result.json</c>. Losses are stored in nats; a perplexity is exp of its loss, and
/// setting one sets the other.
/// </summary>
/// <remarks>
/// Older files have only perplexities (text) or only the training loss (pairs); if a file has both, the loss comes later and counts.
/// </remarks>
public sealed record RunSummary : IJsonOnDeserialized
{
    private readonly string? _corpus, _corpusSha256;

    /// <summary>The training data: the text, or the file of the pairs.</summary>
    public string Corpus { get => _corpus ?? ""; init => _corpus = value; }

    /// <summary>Its SHA-256.</summary>
    public string CorpusSha256 { get => _corpusSha256 ?? ""; init => _corpusSha256 = value; }

    /// <summary>Number of pairs; null for a text.</summary>
    public int? Pairs { get; init; }

    /// <summary>Size of the vocab, including the unknown token; null for pairs.</summary>
    public int? VocabSize { get; init; }

    /// <summary>Number of trainable parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>Finished epochs.</summary>
    public required int Epochs { get; init; }

    /// <summary>Trained minibatches.</summary>
    public required long Steps { get; init; }

    /// <summary>Exp of <see cref="TrainLoss"/>.</summary>
    public double? TrainPerplexity { get => Perplexity.Of(TrainLoss); init => TrainLoss = Perplexity.Loss(value); }

    /// <summary>Nats per prediction over the last epoch; null if none was finished.</summary>
    public double? TrainLoss { get; init; }

    /// <summary>Exp of <see cref="HeldOutLoss"/>.</summary>
    public double? HeldOutPerplexity { get => Perplexity.Of(HeldOutLoss); init => HeldOutLoss = Perplexity.Loss(value); }

    /// <summary>Held-out nats per prediction after the last epoch; null if nothing is held out.</summary>
    public double? HeldOutLoss { get; init; }

    /// <summary>
    /// The figures of the held-out pairs after the last epoch finished in the last process, by name; null if there are none.
    /// </summary>
    public IReadOnlyDictionary<string, double>? HeldOut { get; init; }

    /// <summary>
    /// The average number of characters per held-out token, including the space before a word; null if nothing is held out, some tokens are
    /// unknown, or for pairs.
    /// </summary>
    public double? CharactersPerToken { get; init; }

    /// <summary>
    /// For pairs, the highest held-out accuracy or exact match, or for steering labels the lowest loss; null if none are held out, and for
    /// text.
    /// </summary>
    public double? BestHeldOut { get; init; }

    /// <summary>Exp of <see cref="BestHeldOutLoss"/>.</summary>
    public double? BestHeldOutPerplexity { get => Perplexity.Of(BestHeldOutLoss); init => BestHeldOutLoss = Perplexity.Loss(value); }

    /// <summary>The lowest held-out loss in nats per prediction; null if nothing is held out, and if another figure ranks.</summary>
    public double? BestHeldOutLoss { get; init; }

    /// <summary>The epoch of the best result.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>The best model's figures on unseen text; null if training saw all, and in older files.</summary>
    public UnseenFigures? Unseen { get; init; }

    /// <summary>Whether early stopping ended the run.</summary>
    public required bool StoppedEarly { get; init; }

    /// <summary>Seconds of training.</summary>
    public required double TrainedSeconds { get; init; }

    // The names that files of pairs have always had, for their readers; older files have only these.
    [JsonInclude]
    private string? Data { get => Pairs is null ? null : _corpus; init => _corpus = value ?? _corpus; }

    [JsonInclude]
    private string? DataSha256 { get => Pairs is null ? null : _corpusSha256; init => _corpusSha256 = value ?? _corpusSha256; }

    /// <summary>Reads a result.json.</summary>
    /// <exception cref="CheckpointException">The file is missing or invalid.</exception>
    public static RunSummary Read(string path) => RecordFile.Read<RunSummary>(path);

    /// <summary>Creates the part of a summary that all kinds of runs share.</summary>
    /// <param name="corpus">The training data.</param>
    /// <param name="parameters">Number of trainable parameters.</param>
    /// <param name="result">The run's result.</param>
    internal static RunSummary Of(CorpusRecord corpus, long parameters, RunResult result) => new()
    {
        Corpus = corpus.Name,
        CorpusSha256 = corpus.Sha256,
        Parameters = parameters,
        Epochs = result.Progress.Epochs,
        Steps = result.Steps,
        TrainLoss = result.Progress.TrainLoss,
        HeldOutLoss = result.Progress.HeldOutLoss,
        HeldOut = result.LastEpoch?.HeldOut,
        BestHeldOutLoss = result.Progress.BestHeldOutLoss,
        BestEpoch = result.Progress.BestEpoch,
        Unseen = result.Unseen,
        StoppedEarly = result.StoppedEarly,
        TrainedSeconds = result.Progress.TrainedSeconds,
    };

    void IJsonOnDeserialized.OnDeserialized()
    {
        if (_corpus is null || _corpusSha256 is null)
            throw new JsonException("corpus or corpus_sha256 is missing");
    }
}
