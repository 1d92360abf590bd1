using CharLM.Evaluation;
using CharLM.Pairs;
using CharLM.Pairs.Classification;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>How a run's model did on the pairs that its training held out.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Epoch">After how many epochs the model was saved.</param>
/// <param name="Pairs">How many pairs it was measured on.</param>
/// <param name="Loss">Its loss on them.</param>
/// <param name="Figures">Its figures, the one that counts first; empty for what a label steers, where only the loss tells.</param>
/// <param name="Examples">Some of the pairs, each with what the model made of its source.</param>
public sealed record SequenceMeasurement(
    string Run, int Epoch, int Pairs, Nats Loss, IReadOnlyList<Measure> Figures, IReadOnlyList<(TextPair Pair, string Prediction)> Examples)
{
    /// <summary>How often each label was taken for each other; null for encoder-decoders.</summary>
    public ConfusionMatrix? Confusion { get; init; }

    /// <summary>Where the model looked, for some of the pairs; empty for classifiers, and without attention.</summary>
    public IReadOnlyList<AttentionMap> Attention { get; init; } = [];
}
