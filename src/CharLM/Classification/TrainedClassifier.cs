using CharLM.Checkpoints;
using CharLM.Sequences;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Classification;

/// <summary>Trained classifiers: made, measured, kept in files.</summary>
public sealed class TrainedClassifier : IDisposable
{
    // Texts that are read side by side when nothing is learned.
    private const int RowsAtOnce = 128;

    private static readonly SequenceModelFile.Format<ClassifierConfig> Format = new(
        Classifier.Kind, config => config.Faults(), (config, vocab, labels) => Classifier.Shapes(config, vocab, labels - 1));

    private TrainedClassifier(Classifier model, ClassifierVocab vocab, SequenceCheckpoint<ClassifierConfig>? start) => (Model, Vocab, Start) = (model, vocab, start);

    /// <summary>The model.</summary>
    public Classifier Model { get; }

    /// <summary>Its vocab.</summary>
    public ClassifierVocab Vocab { get; }

    /// <summary>The file that it comes from; null for a new one.</summary>
    public SequenceCheckpoint<ClassifierConfig>? Start { get; }

    /// <summary>A new model, with the vocab and the labels of its training pairs.</summary>
    /// <exception cref="InvalidConfigException">The configuration has a fault.</exception>
    /// <exception cref="PairFileException">A pair is over the limits; names its line.</exception>
    public static TrainedClassifier Create(ClassifierConfig config, PairFile pairs, long seed, Device? device = null, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(pairs);
        config.Validate();
        var vocab = ClassifierVocab.Of(config.LabelOf, pairs.Pairs);
        pairs.Check(pair => vocab.FaultOf(pair, config));
        manual_seed(seed);
        return new TrainedClassifier(On(device, new Classifier(config, vocab.Source.Count, vocab.Labels.Count, threads)), vocab, null);
    }

    /// <summary>A model of a file.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign, of another kind or from a newer toolkit.</exception>
    public static TrainedClassifier Open(string path, Device? device = null, int threads = 0)
    {
        SequenceCheckpoint<ClassifierConfig> file = SequenceModelFile.Read(path, Format);
        if (file.Target.Count < 2)
            throw new CheckpointException(path, "has no labels");
        var model = new Classifier(file.Config, file.Source.Count, file.Target.Count - 1, threads);
        Checkpoint.SetWeights(model, file.Weights);
        return new TrainedClassifier(On(device, model), new ClassifierVocab(file.Config.LabelOf, file.Source, file.Target), file);
    }

    /// <summary>The same model on a device.</summary>
    public TrainedClassifier To(Device device)
    {
        On(device, Model);
        return this;
    }

    /// <summary>Writes the model.</summary>
    /// <exception cref="CheckpointException">The file cannot be written; an old one is as it was.</exception>
    public void Write(string path, TrainerConfig training, PairFile pairs, Figures figures)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        SequenceModelFile.Write(path, Format, new SequenceCheckpoint<ClassifierConfig>
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

    /// <summary>Labels texts, those of like length side by side.</summary>
    /// <param name="texts">Each of one character or more.</param>
    /// <param name="cancellationToken">Looked at before each batch.</param>
    /// <returns>For each text, its labels: one, or one a character.</returns>
    public IReadOnlyList<IReadOnlyList<Labelled>> Label(IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var labels = new IReadOnlyList<Labelled>[texts.Count];
        var reader = new LabelReader(Model, Vocab);
        foreach (int[] some in Enumerable.Range(0, texts.Count).OrderBy(i => texts[i].Length).Chunk(RowsAtOnce))
        {
            cancellationToken.ThrowIfCancellationRequested();
            IReadOnlyList<IReadOnlyList<Labelled>> read = reader.Read([.. some.Select(i => texts[i])]);
            for (int i = 0; i < some.Length; i++)
                labels[some[i]] = read[i];
        }
        return labels;
    }

    /// <summary>Labels pairs and compares.</summary>
    public ConfusionMatrix Measure(IReadOnlyList<TextPair> pairs, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        IReadOnlyList<IReadOnlyList<Labelled>> labels = Label([.. pairs.Select(pair => pair.Source)], cancellationToken);
        var matrix = new ConfusionMatrix(Vocab.Labels);
        for (int i = 0; i < pairs.Count; i++)
        {
            int[] expected = Vocab.EncodeLabels(pairs[i].Target);
            for (int step = 0; step < expected.Length; step++)
                matrix.Add(expected[step], labels[i][step].Label);
        }
        return matrix;
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private static Classifier On(Device? device, Classifier model)
    {
        if (device is not null)
            model.to(device);
        return model;
    }
}
