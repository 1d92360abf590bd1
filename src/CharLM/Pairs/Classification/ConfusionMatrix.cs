using CharLM.Evaluation;

namespace CharLM.Pairs.Classification;

/// <summary>How often each label was taken for each other.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
public sealed class ConfusionMatrix
{
    private readonly long[,] _counts;

    /// <summary>Nothing counted yet.</summary>
    /// <param name="labels">In order of their numbers.</param>
    public ConfusionMatrix(IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        (Labels, _counts) = (labels, new long[labels.Count, labels.Count]);
    }

    /// <summary>The labels in order of their numbers.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>How often a label was taken for another, or for itself.</summary>
    /// <param name="actual">The true label.</param>
    /// <param name="predicted">What it was taken for.</param>
    public long this[int actual, int predicted] => _counts[actual, predicted];

    /// <summary>Everything that was counted.</summary>
    public long Total => _counts.Cast<long>().Sum();

    /// <summary>The share that was right.</summary>
    public double Accuracy => (double)Enumerable.Range(0, Labels.Count).Sum(label => _counts[label, label]) / Total;

    /// <summary>
    /// The mean of the labels' F1, each label counting the same however often it occurs; labels that neither occurred nor were
    /// predicted have none and are left out.
    /// </summary>
    public double MacroF1 => Enumerable.Range(0, Labels.Count).Select(F1).Where(f1 => !double.IsNaN(f1)).Average();

    /// <summary>Accuracy and macro-F1.</summary>
    public IReadOnlyList<Metric> Metrics => [new("accuracy", Accuracy), new("macro-F1", MacroF1)];

    /// <summary>Counts one prediction.</summary>
    public void Add(int actual, int predicted) => _counts[actual, predicted]++;

    /// <summary>How often a label was due.</summary>
    public long Support(int label) => Row(label);

    /// <summary>Of what was taken for a label, the share that was it; NaN where nothing was.</summary>
    public double Precision(int label) => (double)_counts[label, label] / Column(label);

    /// <summary>Of a label, the share that was taken for it; NaN where it did not occur.</summary>
    public double Recall(int label) => (double)_counts[label, label] / Row(label);

    /// <summary>
    /// The harmonic mean of a label's precision and recall: 2 TP / (2 TP + FP + FN); 0 where it was never right, NaN where it neither
    /// occurred nor was predicted.
    /// </summary>
    public double F1(int label) => 2.0 * _counts[label, label] / (Row(label) + Column(label));

    private long Row(int label) => Enumerable.Range(0, Labels.Count).Sum(other => _counts[label, other]);

    private long Column(int label) => Enumerable.Range(0, Labels.Count).Sum(other => _counts[other, label]);
}
