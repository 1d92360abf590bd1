using System.Text;
using CharLM.Evaluation;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>How a run's model did on the pairs that its training held out.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Epoch">After how many epochs the model was saved.</param>
/// <param name="Pairs">How many pairs it was measured on.</param>
/// <param name="Loss">Its loss on them.</param>
/// <param name="Metrics">Its figures, the one that counts first; empty for what a label steers, where only the loss tells.</param>
/// <param name="Examples">Some of the pairs, each with what the model made of its source.</param>
public sealed record PairMeasurement(
    string Run, int Epoch, int Pairs, LossSum Loss, IReadOnlyList<Metric> Metrics,
    IReadOnlyList<(TextPair Pair, string Prediction)> Examples) : RunMeasurement(Run)
{
    private const int MostExamples = 20;
    private const int AttentionMaps = 4;
    private const int LongestMap = 40;

    /// <summary>How often each label was taken for each other; null for encoder-decoders.</summary>
    public ConfusionMatrix? Confusion { get; init; }

    /// <summary>Where the model looked, for some of the pairs; empty for classifiers, and without attention.</summary>
    public IReadOnlyList<AttentionMap> Attention { get; init; } = [];

    /// <summary>Measures a model on pairs.</summary>
    /// <param name="run">The run's name.</param>
    /// <param name="model">Its model.</param>
    /// <param name="heldOut">The pairs.</param>
    /// <param name="cancellationToken">Looked at before each batch.</param>
    internal static PairMeasurement Of(string run, TrainedModel model, PairFile heldOut, CancellationToken cancellationToken)
    {
        TextPair[] some = [.. heldOut.Pairs.Take(MostExamples)];
        IReadOnlyList<string> predictions = model.Predict([.. some.Select(pair => pair.Source)], cancellationToken);
        ConfusionMatrix? matrix = (model as TrainedClassifier)?.Measure(heldOut.Pairs, cancellationToken);
        return new PairMeasurement(
            run, model.Start!.Progress.Epochs, heldOut.Pairs.Count, model.Loss(heldOut.Pairs, cancellationToken),
            matrix?.Metrics ?? model.Metrics(heldOut.Pairs, cancellationToken), [.. some.Zip(predictions)])
        {
            Confusion = matrix,
            Attention = model is TrainedTranslator translator ? MapsOf(translator, heldOut.Pairs, cancellationToken) : [],
        };
    }

    // Long ones would be points, not characters.
    private static IReadOnlyList<AttentionMap> MapsOf(
        TrainedTranslator translator, IReadOnlyList<TextPair> pairs, CancellationToken cancellationToken)
    {
        if (translator.Config.AttentionKind is null)
            return [];
        string[] sources = [.. pairs.Select(pair => pair.Source).Where(source => source.Length <= LongestMap).Take(AttentionMaps)];
        IReadOnlyList<Hypothesis> written = translator.Translate(sources, new DecodingConfig(), withAttention: true, cancellationToken);
        return [.. sources.Zip(written, (source, target) => MapOf(translator.Vocab, source, target))];
    }

    private static AttentionMap MapOf(TranslatorVocab vocab, string source, Hypothesis written)
    {
        string[] characters = [.. source.EnumerateRunes().Select(rune => rune.ToString())];
        // Behind a source that stood beside a longer one there is nothing to look at.
        return new AttentionMap(
            characters, [.. written.Ids.Select(id => vocab.Target[id])],
                [.. written.Attention!.Select(row => (double[])[.. row.Take(characters.Length).Select(weight => (double)weight)])]);
    }
}

/// <summary>Where an encoder-decoder looked while it wrote.</summary>
/// <param name="Source">The characters of the source.</param>
/// <param name="Written">What it wrote, token by token, the end token included.</param>
/// <param name="Weights">How much of each character of the source was in each token, [written][source]; a row's sum is 1.</param>
public sealed record AttentionMap(
    IReadOnlyList<string> Source, IReadOnlyList<string> Written, IReadOnlyList<IReadOnlyList<double>> Weights);
