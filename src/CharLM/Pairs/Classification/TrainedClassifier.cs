using CharLM.Checkpoints;
using CharLM.Evaluation;
using static TorchSharp.torch;

namespace CharLM.Pairs.Classification;

/// <summary>A classifier with its vocabs: creates, measures, reads and writes it.</summary>
/// <remarks>
/// Thread safety: any number of threads may predict with it at once. One trainer may change it; using the model during a training step
/// or after it is disposed throws. If you change weights by other means (<c>load_state_dict</c>, <c>to</c>, an optimizer of your own), see
/// to it that no other thread uses the model meanwhile.
/// </remarks>
public sealed class TrainedClassifier : TrainedModel
{
    internal TrainedClassifier(Classifier model, ClassifierVocab vocab, PairCheckpoint? start)
        : base(start) => (Model, Vocab) = (model, vocab);

    /// <inheritdoc/>
    internal override Classifier Model { get; }

    /// <inheritdoc/>
    internal override ClassifierVocab Vocab { get; }

    /// <inheritdoc/>
    public override ClassifierConfig Config => Model.Config;

    /// <inheritdoc cref="TrainedModel.Create"/>
    public static TrainedClassifier Create(ClassifierConfig config, PairFile pairs, long seed, Device? device = null, int threads = 0) =>
        (TrainedClassifier)TrainedModel.Create(config, pairs, seed, device, threads);

    /// <summary>Reads a model from a file.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign, of another kind or from a newer toolkit.</exception>
    public static TrainedClassifier Open(string path, Device? device = null, int threads = 0) =>
        (TrainedClassifier)Open(PairModelFile.Read(path, new ClassifierConfig()), device, threads);

    /// <summary>The labels, in the order of their numbers.</summary>
    public IReadOnlyList<string> Labels => Vocab.Labels;

    /// <summary>Labels texts, those of similar length side by side.</summary>
    /// <param name="texts">The texts, each of one character or more.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    /// <returns>For each text its labels: one, or one per character.</returns>
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

    /// <summary>Labels the sources of pairs and compares the results with the targets.</summary>
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

    /// <summary>Labels in the format of a pair file: one, or one per character, concatenated.</summary>
    public string TextOf(IEnumerable<Labelled> labels) => string.Concat(labels.Select(one => Vocab.Labels[one.Label]));

    /// <inheritdoc/>
    public override string? ErrorOfSource(string source) => ClassifierVocab.ErrorOfText(source, Config);

    /// <inheritdoc/>
    public override string? ErrorOf(TextPair pair) => Vocab.ErrorOf(pair, Config);

    /// <inheritdoc/>
    public override IPairTask Task(IReadOnlyList<TextPair> pairs) => new ClassifierTask(Model, Vocab, pairs);

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Metrics(IReadOnlyList<TextPair> pairs, CancellationToken cancellationToken = default) =>
        Measure(pairs, cancellationToken).Metrics;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Predict(IReadOnlyList<string> sources, CancellationToken cancellationToken = default) =>
        [.. Label(sources, cancellationToken).Select(TextOf)];
}
