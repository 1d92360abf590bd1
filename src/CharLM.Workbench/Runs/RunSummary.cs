using System.Text.Json;
using System.Text.Json.Serialization;
using CharLM.Checkpoints;

namespace CharLM.Workbench.Runs;

/// <summary>
/// How a complete run ended, whatever it trained: its <c>result.json</c>. Losses are kept, in nats; a perplexity is exp of its loss, and
/// setting one sets the other.
/// </summary>
/// <remarks>
/// Files of before have the perplexities alone (text), or the training loss alone (pairs); where there are both, the loss stands behind
/// and is what counts.
/// </remarks>
public sealed record RunSummary : IJsonOnDeserialized
{
    private readonly string? _corpus, _corpusSha256;

    /// <summary>What was trained on: the text, or the file of the pairs.</summary>
    public string Corpus { get => _corpus ?? ""; init => _corpus = value; }

    /// <summary>Its SHA-256.</summary>
    public string CorpusSha256 { get => _corpusSha256 ?? ""; init => _corpusSha256 = value; }

    /// <summary>How many pairs it has; null for a text.</summary>
    public int? Pairs { get; init; }

    /// <summary>Tokens of the vocab, the unknown one included; null for pairs.</summary>
    public int? VocabSize { get; init; }

    /// <summary>The number of trainable values.</summary>
    public required long Parameters { get; init; }

    /// <summary>Finished epochs.</summary>
    public required int Epochs { get; init; }

    /// <summary>Minibatches that were learned.</summary>
    public required long Steps { get; init; }

    /// <summary>Exp of <see cref="TrainLoss"/>.</summary>
    public double? TrainPerplexity { get => Perplexity.Of(TrainLoss); init => TrainLoss = Perplexity.Loss(value); }

    /// <summary>Nats per prediction over the last epoch; null when none was finished.</summary>
    public double? TrainLoss { get; init; }

    /// <summary>Exp of <see cref="HeldOutLoss"/>.</summary>
    public double? HeldOutPerplexity { get => Perplexity.Of(HeldOutLoss); init => HeldOutLoss = Perplexity.Loss(value); }

    /// <summary>Nats per prediction of what is held out, after it; null when nothing is.</summary>
    public double? HeldOutLoss { get; init; }

    /// <summary>
    /// The figures of the held-out pairs after the last epoch that was finished in the last process, by name; null when there are none.
    /// </summary>
    public IReadOnlyDictionary<string, double>? HeldOut { get; init; }

    /// <summary>
    /// Characters that a held-out token stands for, on average, with the space before a word; null when none is held out, some are
    /// unknown, or pairs were learned.
    /// </summary>
    public double? CharactersPerToken { get; init; }

    /// <summary>
    /// Of pairs, the greatest accuracy or exact match of those held out, and for what a label steers the least loss; null when none are
    /// held out, and for a text.
    /// </summary>
    public double? BestHeldOut { get; init; }

    /// <summary>Exp of <see cref="BestHeldOutLoss"/>.</summary>
    public double? BestHeldOutPerplexity { get => Perplexity.Of(BestHeldOutLoss); init => BestHeldOutLoss = Perplexity.Loss(value); }

    /// <summary>The least held-out nats a prediction; null when nothing is held out, and where another figure ranks.</summary>
    public double? BestHeldOutLoss { get; init; }

    /// <summary>After how many epochs the best was reached.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>How the best model does on text that its training did not see; null when it saw all, and in files of before.</summary>
    public UnseenFigures? Unseen { get; init; }

    /// <summary>Whether the run ended before its last epoch because what is held out became no better.</summary>
    public required bool StoppedEarly { get; init; }

    /// <summary>Seconds of training.</summary>
    public required double TrainedSeconds { get; init; }

    // The names that files of pairs have always had, for their readers; files of before have them alone.
    [JsonInclude]
    private string? Data { get => Pairs is null ? null : _corpus; init => _corpus = value ?? _corpus; }

    [JsonInclude]
    private string? DataSha256 { get => Pairs is null ? null : _corpusSha256; init => _corpusSha256 = value ?? _corpusSha256; }

    /// <summary>Reads a result.json.</summary>
    /// <exception cref="CheckpointException">The file is missing, or not what it should be.</exception>
    public static RunSummary Read(string path) => RecordFile.Read<RunSummary>(path);

    /// <summary>The end of a run: what runs of all kinds tell.</summary>
    /// <param name="corpus">What was trained on.</param>
    /// <param name="parameters">The number of trainable values.</param>
    /// <param name="result">How it ended.</param>
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
