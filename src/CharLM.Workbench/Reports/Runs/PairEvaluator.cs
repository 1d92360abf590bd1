using System.Text;
using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;
using static TorchSharp.torch;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>Measures the models of runs on pairs, for a report.</summary>
/// <param name="device">Where models compute; default the CPU.</param>
/// <param name="threads">Threads of the kernels; default 0: one a processor.</param>
public sealed class PairEvaluator(Device? device = null, int threads = 0)
{
    private const int Examples = 20;
    private const int AttentionMaps = 4;
    private const int LongestMap = 40;

    /// <summary>Measures the checkpoint that speaks for a run on the pairs that the run held out.</summary>
    /// <param name="run">The run.</param>
    /// <param name="heldOut">The pairs.</param>
    /// <param name="cancellationToken">Looked at before each batch.</param>
    /// <exception cref="InvalidConfigException">The pairs are others than the run's.</exception>
    /// <exception cref="CheckpointException">There is no checkpoint yet, or it cannot be read.</exception>
    /// <exception cref="PairFileException">A pair cannot be measured; names its line.</exception>
    public PairMeasurement Measure(RunRecord run, PairFile heldOut, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(heldOut);
        if (heldOut.Sha256 != run.Environment?.HeldOutSha256)
            throw new InvalidConfigException(
                [$"'{heldOut.Path}' holds other pairs than those that the run measured: its SHA-256 is another"]);
        string path = run.CheckpointPath ?? throw new CheckpointException(run.Name, "has no checkpoint yet");
        if (run.Kind == ClassifierConfig.Kind)
        {
            using var classifier = TrainedClassifier.Open(path, device, threads);
            ConfusionMatrix matrix = Checked(classifier, heldOut).Measure(heldOut.Pairs, cancellationToken);
            return Of(run, classifier, heldOut, cancellationToken) with { Confusion = matrix };
        }
        using var translator = TrainedTranslator.Open(path, device, threads);
        return Of(run, Checked(translator, heldOut), heldOut, cancellationToken) with
        {
            Attention = MapsOf(translator, heldOut.Pairs, cancellationToken),
        };
    }

    private static PairMeasurement Of<TModel,
        TConfig>(RunRecord run, TrainedModel<TModel, TConfig> model, PairFile heldOut, CancellationToken cancellationToken)
        where TModel : TrainedModel<TModel, TConfig>, ITrainedModel<TModel, TConfig>
        where TConfig : class, IPairConfig, new()
    {
        TextPair[] some = [.. heldOut.Pairs.Take(Examples)];
        IReadOnlyList<string> predictions = model.Predict([.. some.Select(pair => pair.Source)], cancellationToken);
        return new PairMeasurement(
            run.Name, model.Start!.Progress.Epochs, heldOut.Pairs.Count, model.Loss(heldOut.Pairs, cancellationToken),
                model.Metrics(heldOut.Pairs, cancellationToken), [.. some.Zip(predictions)]);
    }

    private static TModel Checked<TModel, TConfig>(TrainedModel<TModel, TConfig> model, PairFile heldOut)
        where TModel : TrainedModel<TModel, TConfig>, ITrainedModel<TModel, TConfig>
        where TConfig : class, IPairConfig, new()
    {
        model.Check(heldOut);
        return (TModel)model;
    }

    // Long ones would be points, not characters.
    private static IReadOnlyList<AttentionMap> MapsOf(
        TrainedTranslator translator, IReadOnlyList<TextPair> pairs, CancellationToken cancellationToken)
    {
        if (translator.Model.Config.AttentionKind is null)
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

/// <summary>How a run's model did on the pairs that its training held out.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Epoch">After how many epochs the model was saved.</param>
/// <param name="Pairs">How many pairs it was measured on.</param>
/// <param name="Loss">Its loss on them.</param>
/// <param name="Metrics">Its figures, the one that counts first; empty for what a label steers, where only the loss tells.</param>
/// <param name="Examples">Some of the pairs, each with what the model made of its source.</param>
public sealed record PairMeasurement(
    string Run, int Epoch, int Pairs, LossSum Loss, IReadOnlyList<Metric> Metrics,
        IReadOnlyList<(TextPair Pair, string Prediction)> Examples)
{
    /// <summary>How often each label was taken for each other; null for encoder-decoders.</summary>
    public ConfusionMatrix? Confusion { get; init; }

    /// <summary>Where the model looked, for some of the pairs; empty for classifiers, and without attention.</summary>
    public IReadOnlyList<AttentionMap> Attention { get; init; } = [];
}

/// <summary>Where an encoder-decoder looked while it wrote.</summary>
/// <param name="Source">The characters of the source.</param>
/// <param name="Written">What it wrote, token by token, the end token included.</param>
/// <param name="Weights">How much of each character of the source was in each token, [written][source]; a row's sum is 1.</param>
public sealed record AttentionMap(
    IReadOnlyList<string> Source, IReadOnlyList<string> Written, IReadOnlyList<IReadOnlyList<double>> Weights);
