using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Sequences;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Translation;

/// <summary>Trained encoder-decoders: made, measured, kept in files.</summary>
public sealed class TrainedTranslator : IDisposable
{
    // Rows that are translated side by side when nothing is learned.
    private const int RowsAtOnce = 128;

    private static readonly SequenceModelFile.Format<TranslatorConfig> Format = new(Translator.Kind, config => config.Faults(), Translator.Shapes);

    private TrainedTranslator(Translator model, TranslatorVocab vocab, SequenceCheckpoint<TranslatorConfig>? start) => (Model, Vocab, Start) = (model, vocab, start);

    /// <summary>The model.</summary>
    public Translator Model { get; }

    /// <summary>Its vocab.</summary>
    public TranslatorVocab Vocab { get; }

    /// <summary>The file that it comes from; null for a new one.</summary>
    public SequenceCheckpoint<TranslatorConfig>? Start { get; }

    /// <summary>A new model, with the vocab of its training pairs.</summary>
    /// <exception cref="InvalidConfigException">The configuration has a fault.</exception>
    /// <exception cref="PairFileException">A pair is over the limits; names its line.</exception>
    public static TrainedTranslator Create(TranslatorConfig config, PairFile pairs, long seed, Device? device = null, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(pairs);
        config.Validate();
        var vocab = TranslatorVocab.Of(config.Source, pairs.Pairs);
        pairs.Check(pair => vocab.FaultOf(pair, config));
        manual_seed(seed);
        return new TrainedTranslator(On(device, new Translator(config, vocab.Source.Count, vocab.Target.Count, threads)), vocab, null);
    }

    /// <summary>A model of a file.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign, of another kind or from a newer toolkit.</exception>
    public static TrainedTranslator Open(string path, Device? device = null, int threads = 0)
    {
        SequenceCheckpoint<TranslatorConfig> file = SequenceModelFile.Read(path, Format);
        if (file.Target[TranslatorVocab.Begin] == Tokenization.Vocab.UnknownId || file.Target[TranslatorVocab.End] == Tokenization.Vocab.UnknownId)
            throw new CheckpointException(path, $"has no {TranslatorVocab.Begin} or {TranslatorVocab.End} in its vocab");
        var model = new Translator(file.Config, file.Source.Count, file.Target.Count, threads);
        Checkpoint.SetWeights(model, file.Weights);
        return new TrainedTranslator(On(device, model), new TranslatorVocab(file.Config.Source, file.Source, file.Target), file);
    }

    /// <summary>The same model on a device.</summary>
    public TrainedTranslator To(Device device)
    {
        On(device, Model);
        return this;
    }

    /// <summary>Writes the model.</summary>
    /// <exception cref="CheckpointException">The file cannot be written; an old one is as it was.</exception>
    public void Write(string path, TrainerConfig training, PairFile pairs, Figures figures)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        SequenceModelFile.Write(path, Format, new SequenceCheckpoint<TranslatorConfig>
        {
            Config = Model.Config,
            Source = Vocab.Source,
            Target = Vocab.Target,
            Training = training,
            Corpus = new CorpusRecord(pairs.Path, pairs.Sha256),
            Figures = figures,
            Weights = Checkpoint.CopyWeights(Model),
        });
    }

    /// <summary>Translates, those of like length side by side.</summary>
    /// <param name="sources">What is translated.</param>
    /// <param name="decoding">How targets are searched for.</param>
    /// <param name="withAttention">Whether to tell where the model looked.</param>
    /// <param name="cancellationToken">Looked at before each token.</param>
    /// <returns>In the order of the sources.</returns>
    public IReadOnlyList<WrittenTarget> Translate(
        IReadOnlyList<string> sources, DecodingConfig decoding, bool withAttention = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(decoding);
        var written = new WrittenTarget[sources.Count];
        int[][] ids = [.. sources.Select(Vocab.EncodeSource)];
        int rows = Math.Max(1, RowsAtOnce / decoding.BeamWidth);
        var search = new TargetSearch(Model, Vocab, decoding);
        foreach (int[] some in Enumerable.Range(0, ids.Length).OrderBy(i => ids[i].Length).Chunk(rows))
        {
            IReadOnlyList<WrittenTarget> targets = search.Write(new PaddedBatch([.. some.Select(i => new ReadOnlyMemory<int>(ids[i]))]), withAttention, cancellationToken);
            for (int i = 0; i < some.Length; i++)
                written[some[i]] = targets[i];
        }
        return written;
    }

    /// <summary>Translates pairs and compares.</summary>
    public TranslationScore Measure(IReadOnlyList<TextPair> pairs, DecodingConfig decoding, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        IReadOnlyList<WrittenTarget> written = Translate([.. pairs.Select(pair => pair.Source)], decoding, cancellationToken: cancellationToken);
        var score = new TranslationScore();
        for (int i = 0; i < pairs.Count; i++)
            score.Add(pairs[i].Target, Vocab.Decode(written[i].Ids));
        return score;
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private static Translator On(Device? device, Translator model)
    {
        if (device is not null)
            model.to(device);
        return model;
    }
}
