using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Evaluation;
using static TorchSharp.torch;

namespace CharLM.Pairs.Translation;

/// <summary>An encoder-decoder with its vocabs: creates, measures, reads and writes it.</summary>
/// <remarks>
/// Thread safety: any number of threads may predict with it at once. One trainer may change it; using the model during a training step
/// or after it is disposed throws. If you change weights by other means (<c>load_state_dict</c>, <c>to</c>, an optimizer of your own), see
/// to it that no other thread uses the model meanwhile.
/// </remarks>
public sealed class TrainedTranslator : TrainedModel
{
    internal TrainedTranslator(Translator model, TranslatorVocab vocab, PairCheckpoint? start)
        : base(start) => (Model, Vocab) = (model, vocab);

    /// <inheritdoc/>
    internal override Translator Model { get; }

    /// <inheritdoc/>
    internal override TranslatorVocab Vocab { get; }

    /// <inheritdoc/>
    public override TranslatorConfig Config => Model.Config;

    /// <inheritdoc cref="TrainedModel.Create"/>
    public static TrainedTranslator Create(TranslatorConfig config, PairFile pairs, long seed, Device? device = null, int threads = 0) =>
        (TrainedTranslator)TrainedModel.Create(config, pairs, seed, device, threads);

    /// <summary>Reads a model from a file.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign, of another kind or from a newer toolkit.</exception>
    public static TrainedTranslator Open(string path, Device? device = null, int threads = 0) =>
        (TrainedTranslator)Open(PairModelFile.Read(path, new TranslatorConfig()), device, threads);

    /// <summary>Translates sources, those of similar length side by side.</summary>
    /// <param name="sources">The sources.</param>
    /// <param name="decoding">The settings of the search.</param>
    /// <param name="withAttention">Whether to return attention weights; default false.</param>
    /// <param name="cancellationToken">Checked before each token.</param>
    /// <returns>The targets, in the order of the sources.</returns>
    public IReadOnlyList<Hypothesis> Translate(
        IReadOnlyList<string> sources, DecodingConfig decoding, bool withAttention = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(decoding);
        var written = new Hypothesis[sources.Count];
        int[][] ids = [.. sources.Select(Vocab.EncodeSource)];
        int rows = Math.Max(1, RowsAtOnce / decoding.BeamWidth);
        var search = new BeamDecoder(Model, Vocab, decoding);
        foreach (int[] some in Enumerable.Range(0, ids.Length).OrderBy(i => ids[i].Length).Chunk(rows))
        {
            IReadOnlyList<Hypothesis> targets = search.Write(
                new PaddedBatch([.. some.Select(i => new ReadOnlyMemory<int>(ids[i]))]), withAttention, some, cancellationToken);
            for (int i = 0; i < some.Length; i++)
                written[some[i]] = targets[i];
        }
        return written;
    }

    /// <summary>The text of a written target.</summary>
    public string TextOf(Hypothesis written)
    {
        ArgumentNullException.ThrowIfNull(written);
        return Vocab.Decode(written.Ids);
    }

    /// <inheritdoc/>
    internal override bool IsRight(TextPair pair, string prediction) => TargetOf(pair) == prediction;

    /// <summary>Translates the sources of pairs and compares the results with the targets.</summary>
    public TranslationScore Measure(IReadOnlyList<TextPair> pairs, DecodingConfig decoding, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        IReadOnlyList<Hypothesis> written = Translate(
            [.. pairs.Select(pair => pair.Source)], decoding, cancellationToken: cancellationToken);
        var score = new TranslationScore();
        for (int i = 0; i < pairs.Count; i++)
        {
            score.Add(TargetOf(pairs[i]), TextOf(written[i]), Vocab.Written.Split(pairs[i].Target), Vocab.TokensOf(written[i].Ids));
        }
        return score;
    }

    /// <inheritdoc/>
    public override string? ErrorOfSource(string source) => Vocab.ErrorOfSource(source, Config);

    /// <inheritdoc/>
    public override string? ErrorOfLearning(TextPair pair) => ErrorOf(pair) ?? Vocab.ErrorOfTarget(pair.Target);

    /// <inheritdoc/>
    public override string? ErrorOf(TextPair pair) => Vocab.ErrorOf(pair, Config);

    /// <inheritdoc/>
    public override IPairTask Task(IReadOnlyList<TextPair> pairs) => new TranslatorTask(Model, Vocab, pairs);

    /// <inheritdoc/>
    /// <remarks>Uses greedy decoding. A label has many correct targets, and a pair holds one, so only the loss is meaningful.</remarks>
    public override IReadOnlyList<Metric> Metrics(IReadOnlyList<TextPair> pairs, CancellationToken cancellationToken = default) =>
        Config.Source == SourceKind.Label ? [] : Measure(pairs, new DecodingConfig(), cancellationToken).Metrics;

    /// <inheritdoc/>
    /// <remarks>Uses greedy decoding.</remarks>
    public override IReadOnlyList<string> Predict(IReadOnlyList<string> sources, CancellationToken cancellationToken = default) =>
        [.. Translate(sources, new DecodingConfig(), cancellationToken: cancellationToken).Select(TextOf)];

    // Cleaned, with a single separator between tokens: only this can be written.
    private string TargetOf(TextPair pair) => Vocab.Written.Join(Vocab.Written.Split(pair.Target));
}
