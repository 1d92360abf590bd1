using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Tokenization;

namespace CharLM.Pairs.Classification;

/// <summary>Trained classifiers: made, measured, kept in files.</summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once. One trainer may change it; who reads while a step is learned, and who
/// uses it after it is disposed, gets an exception. Weights that are changed by other means (<c>load_state_dict</c>, <c>to</c>, an
/// optimizer of your own) are yours to guard.
/// </remarks>
public sealed class TrainedClassifier : TrainedModel<TrainedClassifier, ClassifierConfig>, ITrainedModel<TrainedClassifier,
    ClassifierConfig>
{
    private TrainedClassifier(Classifier model, ClassifierVocab vocab, PairCheckpoint<ClassifierConfig>? start)
        : base(start) => (Model, Vocab) = (model, vocab);

    /// <inheritdoc/>
    internal override Classifier Model { get; }

    /// <inheritdoc/>
    internal override ClassifierVocab Vocab { get; }

    /// <summary>The labels, in the order of their numbers.</summary>
    public IReadOnlyList<string> Labels => Vocab.Labels;

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

    /// <summary>Labels as they stand in a file: one, or those of the characters side by side.</summary>
    public string TextOf(IEnumerable<Labelled> labels) => string.Concat(labels.Select(one => Vocab.Labels[one.Label]));

    /// <inheritdoc/>
    public override string? ErrorOfSource(string source) => ClassifierVocab.FaultOfText(source, Model.Config);

    /// <inheritdoc/>
    public override string? ErrorOf(TextPair pair) => Vocab.ErrorOf(pair, Model.Config);

    /// <inheritdoc/>
    public override IPairTask Task(IReadOnlyList<TextPair> pairs) => new ClassifierTask(Model, Vocab, pairs);

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Metrics(IReadOnlyList<TextPair> pairs, CancellationToken cancellationToken = default) =>
        Measure(pairs, cancellationToken).Metrics;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Predict(IReadOnlyList<string> sources, CancellationToken cancellationToken = default) =>
        [.. Label(sources, cancellationToken).Select(TextOf)];

    static PairVocab ITrainedModel<TrainedClassifier,
        ClassifierConfig>.VocabOf(ClassifierConfig config, IReadOnlyList<TextPair> pairs) => ClassifierVocab.Of(config.LabelOf, pairs);

    static IReadOnlyDictionary<string, long[]> ITrainedModel<TrainedClassifier,
        ClassifierConfig>.Shapes(ClassifierConfig config, Vocab source, Vocab target) =>
        target.Count < 2 ? throw new FormatException("has no labels") : Classifier.Shapes(config, source.Count, target.Count - 1);

    static TrainedClassifier ITrainedModel<TrainedClassifier, ClassifierConfig>.Build(
        ClassifierConfig config, Vocab source, Vocab target, int threads, PairCheckpoint<ClassifierConfig>? start) =>
        new(new Classifier(config, source.Count, target.Count - 1, threads), new ClassifierVocab(config.LabelOf, source, target), start);
}
