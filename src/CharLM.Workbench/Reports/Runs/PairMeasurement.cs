using System.Text;
using CharLM.Evaluation;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>The performance of a run's model on its held-out pairs.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Epoch">Number of epochs after which the model was saved.</param>
/// <param name="Pairs">Number of measured pairs.</param>
/// <param name="Loss">The loss.</param>
/// <param name="Metrics">The figures, the decisive one first; empty for steering labels, where only the loss is meaningful.</param>
/// <param name="Examples">Some of the pairs, each with the model's prediction and whether that is right.</param>
public sealed record PairMeasurement(
    string Run, int Epoch, int Pairs, LossSum Loss, IReadOnlyList<Metric> Metrics,
    IReadOnlyList<(TextPair Pair, string Prediction, bool IsRight)> Examples) : RunMeasurement(Run)
{
    private const int MostExamples = 20;
    private const int AttentionMaps = 4;
    private const int LongestMap = 40;

    /// <summary>The confusion matrix; null for encoder-decoders.</summary>
    public ConfusionMatrix? Confusion { get; init; }

    /// <summary>Attention maps of some pairs; empty for classifiers, and without attention.</summary>
    public IReadOnlyList<AttentionMap> Attention { get; init; } = [];

    /// <summary>Measures a model on pairs.</summary>
    /// <param name="run">The run's name.</param>
    /// <param name="model">The run's model.</param>
    /// <param name="heldOut">The pairs.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    internal static PairMeasurement Of(string run, TrainedModel model, PairFile heldOut, CancellationToken cancellationToken)
    {
        TextPair[] some = [.. heldOut.Pairs.Take(MostExamples)];
        IReadOnlyList<string> predictions = model.Predict([.. some.Select(pair => pair.Source)], cancellationToken);
        ConfusionMatrix? matrix = (model as TrainedClassifier)?.Measure(heldOut.Pairs, cancellationToken);
        return new PairMeasurement(
            run, model.Start!.Progress.Epochs, heldOut.Pairs.Count, model.Loss(heldOut.Pairs, cancellationToken),
            matrix?.Metrics ?? model.Metrics(heldOut.Pairs, cancellationToken),
            [.. some.Zip(predictions, (pair, prediction) => (pair, prediction, model.IsRight(pair, prediction)))])
        {
            Confusion = matrix,
            Attention = model is TrainedTranslator translator ? MapsOf(translator, heldOut.Pairs, cancellationToken) : [],
        };
    }

    // Longer sources would be unreadable.
    private static IReadOnlyList<AttentionMap> MapsOf(
        TrainedTranslator translator, IReadOnlyList<TextPair> pairs, CancellationToken cancellationToken)
    {
        if (translator.Config.AttentionKind is null)
            return [];
        string[] sources = [.. pairs.Select(pair => pair.Source).Where(source => translator.Vocab.Texts.Length(source) <= LongestMap)
            .Take(AttentionMaps)];
        IReadOnlyList<Hypothesis> written = translator.Translate(sources, new DecodingConfig(), withAttention: true, cancellationToken);
        return [.. sources.Zip(written, (source, target) => AttentionMap.Of(translator.Vocab, source, target))];
    }
}

/// <summary>An attention map of an encoder-decoder.</summary>
/// <param name="Source">The tokens of the source.</param>
/// <param name="Written">The generated tokens, including the end token.</param>
/// <param name="Weights">The attention weights [written][source]; each row sums to 1.</param>
public sealed record AttentionMap(
    IReadOnlyList<string> Source, IReadOnlyList<string> Written, IReadOnlyList<IReadOnlyList<double>> Weights)
{
    /// <summary>The source as it was given.</summary>
    public string Text { get; init; } = "";

    /// <summary>The map of a written target.</summary>
    internal static AttentionMap Of(TranslatorVocab vocab, string source, Hypothesis written)
    {
        return new AttentionMap(
            vocab.Texts.Split(source), [.. written.Ids.Select(id => vocab.Target[id])],
                [.. written.Attention!.Select(row => (double[])[.. row.Select(weight => (double)weight)])])
        {
            Text = source,
        };
    }

    /// <summary>The maps of targets as a section of a report.</summary>
    /// <param name="maps">The maps, each with its title.</param>
    internal static ReportSection Section(IEnumerable<(string Title, AttentionMap Map)> maps) => new("Attention",
    [
        new Paragraph("The weight of each source token in each generated token; each row sums to 1."),
        .. maps.Select(one => new HeatMap(one.Title, "source", "written", one.Map.Source, one.Map.Written, one.Map.Weights)),
    ]);
}
