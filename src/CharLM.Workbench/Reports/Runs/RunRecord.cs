using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>
/// What a run left behind, whatever it trained, for a report: read from its run directory, or from the log of <c>--log-json</c>.
/// </summary>
public sealed record RunRecord
{
    private const string Loss = "loss";

    /// <summary>What the run is called in the report.</summary>
    public required string Name { get; init; }

    /// <summary>What files call the kind of model.</summary>
    public string Kind { get; init; } = ModelKind.LanguageModel;

    /// <summary>Its directory; null when only a log is known.</summary>
    public RunDirectory? Directory { get; init; }

    /// <summary>All that the run was told, a <see cref="RunConfig"/> or a <see cref="PairRunConfig{TConfig}"/>; null when only a
    /// log is known.</summary>
    public RunSettings? Settings { get; init; }

    /// <summary>Its model, of models on pairs the recurrent layers; null when only a log is known.</summary>
    public ModelConfig? Model { get; init; }

    /// <summary>What is particular to a model on pairs, in words; else null.</summary>
    public string? Form { get; init; }

    /// <summary>What the configuration calls the text; null for pairs, and when only a log is known.</summary>
    public string? Corpus { get; init; }

    /// <summary>The file of the pairs that are held out; null when none are, and for a text.</summary>
    public string? Validation { get; init; }

    /// <summary>What it ran on; null when only a log is known.</summary>
    public RunEnvironment? Environment { get; init; }

    /// <summary>Its epochs, in order.</summary>
    public required IReadOnlyList<EpochMetrics> Epochs { get; init; }

    /// <summary>Its samples, in order.</summary>
    public required IReadOnlyList<RunSample> Samples { get; init; }

    /// <summary>How it ended; null while it is not complete.</summary>
    public RunSummary? Result { get; init; }

    /// <summary>
    /// The figure that counts for the model, as the metrics name it: accuracy, exact_match, or for text and what a label steers loss.
    /// </summary>
    public string MainFigure { get; init; } = Loss;

    /// <summary>The last epoch; null before the first is finished.</summary>
    public EpochMetrics? Last => Epochs.Count > 0 ? Epochs[^1] : null;

    /// <summary>The first epoch that is best by <see cref="MainFigure"/> on what is held out; null when nothing is.</summary>
    public EpochMetrics? Best => MainFigure == Loss
        ? Epochs.Where(epoch => epoch.HeldOutLoss is not null).MinBy(epoch => epoch.HeldOutLoss)
        : Epochs.Where(epoch => MainOf(epoch) is not null).MaxBy(MainOf);

    /// <summary>The checkpoint that speaks for the run: the best when there is one, else the last; null when there is none.</summary>
    public string? CheckpointPath => new[] { Directory?.BestCheckpointPath, Directory?.LastCheckpointPath }.FirstOrDefault(File.Exists);

    /// <summary>The figure that counts, of an epoch; null when nothing is held out.</summary>
    public double? MainOf(EpochMetrics? epoch) =>
        MainFigure == Loss ? epoch?.HeldOutLoss : epoch?.HeldOut?.TryGetValue(MainFigure, out double value) == true ? value : null;

    /// <summary>Reads a run directory, or the file of a log.</summary>
    /// <exception cref="CheckpointException">There is no run, or a file of it is not what it should be.</exception>
    /// <exception cref="Configuration.ConfigFileException">Its configuration is not what it should be.</exception>
    public static RunRecord Read(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (File.Exists(path))
            return RunLog.Read(path);
        var directory = new RunDirectory(path);
        if (!File.Exists(directory.ConfigPath))
            throw new CheckpointException(path, "is no run: it is neither a run directory (it has no config.yaml) nor the file of a log");
        string? kind = RunConfigFile.KindOf(directory.ConfigPath);
        if (kind == ClassifierConfig.Kind)
        {
            PairRunConfig<ClassifierConfig> config = ReadConfig<ClassifierConfig>(directory);
            return Read(directory, config, config.Model.Model) with
            {
                Kind = kind,
                Form = config.Model.LabelOf == LabelOf.Character ? "a label for each character"
                    : $"pooling {Choices.NameOf(config.Model.Pooling)}",
                Validation = config.Validation,
                MainFigure = "accuracy",
            };
        }
        if (kind == TranslatorConfig.Kind)
        {
            PairRunConfig<TranslatorConfig> config = ReadConfig<TranslatorConfig>(directory);
            bool isSteered = config.Model.Source == SourceKind.Label;
            return Read(directory, config, config.Model.Model) with
            {
                Kind = kind,
                Form = isSteered ? "from a label" : $"attention {Choices.NameOf(config.Model.Attention)}",
                Validation = config.Validation,
                MainFigure = isSteered ? Loss : "exact_match",
            };
        }
        RunConfig ofText = RunConfigFile.Read(directory.ConfigPath);
        return Read(directory, ofText, ofText.Model) with { Corpus = ofText.Corpus };
    }

    private static PairRunConfig<TConfig> ReadConfig<TConfig>(RunDirectory directory)
        where TConfig : class, IPairConfig, new() =>
        RunConfigFile.Read(directory.ConfigPath, new PairRunConfig<TConfig>());

    private static RunRecord Read(RunDirectory directory, RunSettings settings, ModelConfig model) => new()
    {
        Name = directory.Name,
        Directory = directory,
        Settings = settings,
        Model = model,
        Environment = RunEnvironment.Read(directory.EnvironmentPath),
        Epochs = EpochMetrics.Read(directory.MetricsPath),
        Samples = SampleFile.Read(directory.SamplesPath),
        Result = File.Exists(directory.ResultPath) ? RunSummary.Read(directory.ResultPath) : null,
    };
}

/// <summary>A sample that a run drew.</summary>
/// <param name="Epoch">After how many epochs.</param>
/// <param name="Text">The prefix and its continuation.</param>
public sealed record RunSample(int Epoch, string Text);
