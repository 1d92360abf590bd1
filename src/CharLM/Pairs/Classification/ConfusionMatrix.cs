using CharLM.Evaluation;

namespace CharLM.Pairs.Classification;

/// <summary>Counts how often each label was predicted as each label.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
public sealed class ConfusionMatrix
{
    private readonly long[,] _counts;

    /// <summary>An empty matrix.</summary>
    /// <param name="labels">The labels, in order of their numbers.</param>
    public ConfusionMatrix(IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        (Labels, _counts) = (labels, new long[labels.Count, labels.Count]);
    }

    /// <summary>The labels in order of their numbers.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>How often a label was predicted as another, or as itself.</summary>
    /// <param name="actual">The true label.</param>
    /// <param name="predicted">The predicted label.</param>
    public long this[int actual, int predicted] => _counts[actual, predicted];

    /// <summary>The number of predictions.</summary>
    public long Total => _counts.Cast<long>().Sum();

    /// <summary>The share of correct predictions.</summary>
    public double Accuracy => (double)Enumerable.Range(0, Labels.Count).Sum(label => _counts[label, label]) / Total;

    /// <summary>
    /// The mean F1 over the labels, unweighted by their frequency; labels that neither occurred nor were predicted have no F1 and are
    /// left out.
    /// </summary>
    public double MacroF1 => Enumerable.Range(0, Labels.Count).Select(F1).Where(f1 => !double.IsNaN(f1)).Average();

    /// <summary>Accuracy and macro-F1.</summary>
    public IReadOnlyList<Metric> Metrics => [new("accuracy", Accuracy), new("macro-F1", MacroF1)];

    /// <summary>Counts one prediction.</summary>
    public void Add(int actual, int predicted) => _counts[actual, predicted]++;

    /// <summary>How often a label occurred.</summary>
    public long Support(int label) => Row(label);

    /// <summary>The share of a label's predictions that are correct; NaN when it was never predicted.</summary>
    public double Precision(int label) => (double)_counts[label, label] / Column(label);

    /// <summary>The share of a label's occurrences that were predicted; NaN when it did not occur.</summary>
    public double Recall(int label) => (double)_counts[label, label] / Row(label);

    /// <summary>
    /// The harmonic mean of a label's precision and recall: 2 TP / (2 TP + FP + FN); 0 when no prediction was correct, NaN when it neither
    /// occurred nor was predicted.
    /// </summary>
    public double F1(int label) => 2.0 * _counts[label, label] / (Row(label) + Column(label));

    private long Row(int label) => Enumerable.Range(0, Labels.Count).Sum(other => _counts[label, other]);

    private long Column(int label) => Enumerable.Range(0, Labels.Count).Sum(other => _counts[other, label]);
}
