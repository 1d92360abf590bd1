using CharLM.Batching;
using CharLM.Randomness;
using CharLM.Training;
using static TorchSharp.torch;

namespace CharLM.Pairs.Classification;

/// <summary>The task of training a classifier on labelled texts.</summary>
/// <remarks>Thread safety: one thread at a time, during which no other may use the model; the trainer ensures this.</remarks>
internal sealed class ClassifierTask : IPairTask
{
    private readonly Classifier _model;
    private readonly List<ReadOnlyMemory<int>> _texts, _labels;

    /// <summary>A task.</summary>
    /// <param name="model">The model; the caller owns it.</param>
    /// <param name="vocab">Its vocab.</param>
    /// <param name="pairs">The training pairs.</param>
    public ClassifierTask(Classifier model, ClassifierVocab vocab, IReadOnlyList<TextPair> pairs)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(vocab);
        ArgumentNullException.ThrowIfNull(pairs);
        _model = model;
        _texts = [.. pairs.Select(pair => new ReadOnlyMemory<int>(vocab.EncodeText(pair.Source)))];
        _labels = [.. pairs.Select(pair => new ReadOnlyMemory<int>(vocab.EncodeLabels(pair.Target)))];
        Lengths = [.. _texts.Select(text => text.Length)];
    }

    /// <inheritdoc/>
    public nn.Module Model => _model;

    /// <inheritdoc/>
    public IReadOnlyList<int> Lengths { get; }

    /// <inheritdoc/>
    public (Tensor Loss, long Predictions) Loss(ReadOnlySpan<int> examples, double progress, RandomStream random) => Loss(examples);

    /// <inheritdoc/>
    public (Tensor Loss, long Predictions) Loss(ReadOnlySpan<int> examples)
    {
        int[] some = examples.ToArray();
        Tensor logits = _model.Compute(new PaddedBatch([.. some.Select(example => _texts[example])]));
        var labels = new PaddedBatch([.. some.Select(example => _labels[example])]);
        // A text's label is a sequence of one step.
        return (MaskedLoss.CrossEntropy(logits.dim() == 2 ? logits.unsqueeze(0) : logits, labels), labels.NumTokens);
    }
}
