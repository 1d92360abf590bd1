using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>What a run on pairs left behind, read from its run directory.</summary>
public sealed record SequenceRecord : RecordedRun
{
    private const string Loss = "loss";

    /// <summary>What files call the kind of model.</summary>
    public required string Kind { get; init; }

    /// <inheritdoc/>
    public override RunSettings Settings => Config;

    /// <summary>All that the run was told, a <see cref="SequenceRunConfig{TConfig}"/>.</summary>
    public required RunSettings Config { get; init; }

    /// <summary>The recurrent layers of its model.</summary>
    public required ModelConfig Model { get; init; }

    /// <summary>What is particular to the model, in words.</summary>
    public required string Form { get; init; }

    /// <summary>The file of the pairs that are held out; null when none are.</summary>
    public string? Validation { get; init; }

    /// <summary>Its epochs, in order.</summary>
    public required IReadOnlyList<EpochMetrics> Epochs { get; init; }

    /// <summary>How it ended; null while it is not complete.</summary>
    public RunSummary? Result { get; init; }

    /// <summary>The last epoch; null before the first is finished.</summary>
    public EpochMetrics? Last => Epochs.Count > 0 ? Epochs[^1] : null;

    /// <summary>
    /// The figure that counts for the model, as the metrics name it: accuracy, exact_match, or for what a label steers loss.
    /// </summary>
    public required string MainFigure { get; init; }

    /// <summary>The first epoch that is best by it on the held-out pairs; null when none are held out.</summary>
    public EpochMetrics? Best => MainFigure == Loss
        ? Epochs.Where(epoch => epoch.HeldOutLoss is not null).MinBy(epoch => epoch.HeldOutLoss)
        : Epochs.Where(epoch => MainOf(epoch) is not null).MaxBy(MainOf);

    /// <summary>The figure that counts, of an epoch; null when no pairs are held out.</summary>
    public double? MainOf(EpochMetrics? epoch) =>
        MainFigure == Loss ? epoch?.HeldOutLoss : epoch?.HeldOut?.TryGetValue(MainFigure, out double value) == true ? value : null;

    /// <summary>Reads a run directory.</summary>
    /// <exception cref="CheckpointException">It holds no run on pairs, or a file of it is not what it should be.</exception>
    /// <exception cref="Configuration.ConfigFileException">Its configuration is not what it should be.</exception>
    public static SequenceRecord Read(string path)
    {
        var directory = new RunDirectory(path);
        string? kind = RunConfigFile.KindOf(directory.ConfigPath);
        if (kind == ClassifierConfig.Kind)
        {
            return Read<ClassifierConfig>(
                directory, config => (
                    "accuracy", config.LabelOf == LabelOf.Character ? "a label for each character"
                        : $"pooling {Choices.NameOf(config.Pooling)}"));
        }
        return kind == TranslatorConfig.Kind
            ? Read<TranslatorConfig>(
                directory, config => config.Source == SourceKind.Label ? (Loss, "from a label")
                    : ("exact_match", $"attention {Choices.NameOf(config.Attention)}"))
            : throw new CheckpointException(path, "holds no run on pairs");
    }

    private static SequenceRecord Read<TConfig>(RunDirectory directory, Func<TConfig, (string MainFigure, string Form)> describe)
        where TConfig : class, ISequenceConfig, new()
    {
        SequenceRunConfig<TConfig> config = RunConfigFile.Read(directory.ConfigPath, new SequenceRunConfig<TConfig>());
        (string mainFigure, string form) = describe(config.Model);
        return new SequenceRecord
        {
            Name = directory.Name,
            Directory = directory,
            Kind = TConfig.Kind,
            Config = config,
            Model = config.Model.Model,
            Form = form,
            MainFigure = mainFigure,
            Validation = config.Validation,
            Environment = RunEnvironment.Read(directory.EnvironmentPath),
            Epochs = EpochMetrics.Read(directory.MetricsPath),
            Samples = SampleFile.Read(directory.SamplesPath),
            Result = File.Exists(directory.ResultPath) ? RunSummary.Read(directory.ResultPath) : null,
        };
    }
}

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

/// <summary>Where an encoder-decoder looked while it wrote.</summary>
/// <param name="Source">The characters of the source.</param>
/// <param name="Written">What it wrote, token by token, the end token included.</param>
/// <param name="Weights">How much of each character of the source was in each token, [written][source]; a row's sum is 1.</param>
public sealed record AttentionMap(
    IReadOnlyList<string> Source, IReadOnlyList<string> Written, IReadOnlyList<IReadOnlyList<double>> Weights);
