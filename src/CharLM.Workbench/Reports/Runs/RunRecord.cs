using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>The records of a run of any kind, for a report: from its run directory, or from the log of <c>--log-json</c>.</summary>
public sealed record RunRecord
{
    private const string Loss = "loss";

    /// <summary>The run's name in the report.</summary>
    public required string Name { get; init; }

    /// <summary>The kind of model, as named in files.</summary>
    public string Kind { get; init; } = ModelKind.LanguageModel;

    /// <summary>Its directory; null for a log.</summary>
    public RunDirectory? Directory { get; init; }

    /// <summary>Its configuration, a <see cref="RunConfig"/> or a <see cref="PairRunConfig"/>; null for a log.</summary>
    public RunSettings? Settings { get; init; }

    /// <summary>Its model, or the recurrent layers of a model on pairs; null for a log.</summary>
    public ModelConfig? Model { get; init; }

    /// <summary>Particulars of a model on pairs, as text; else null.</summary>
    public string? Form { get; init; }

    /// <summary>The text's names in the configuration; null for pairs and for a log.</summary>
    public CorpusNames? Corpus { get; init; }

    /// <summary>The file of the held-out pairs; null if there is none, and for text.</summary>
    public string? Validation { get; init; }

    /// <summary>Its environment; null for a log.</summary>
    public RunEnvironment? Environment { get; init; }

    /// <summary>Its epochs, in order.</summary>
    public required IReadOnlyList<EpochMetrics> Epochs { get; init; }

    /// <summary>Its samples, in order.</summary>
    public required IReadOnlyList<RunSample> Samples { get; init; }

    /// <summary>Its result; null while it is incomplete.</summary>
    public RunSummary? Result { get; init; }

    /// <summary>
    /// The decisive held-out figure, as named in the metrics: accuracy, exact_match, or loss for text and for steering labels.
    /// </summary>
    public string MainFigure { get; init; } = Loss;

    /// <summary>The last finished epoch; null before the first.</summary>
    public EpochMetrics? Last => Epochs.Count > 0 ? Epochs[^1] : null;

    /// <summary>The first epoch with the best held-out <see cref="MainFigure"/>; null if nothing is held out.</summary>
    public EpochMetrics? Best => MainFigure == Loss
        ? Epochs.Where(epoch => epoch.HeldOutLoss is not null).MinBy(epoch => epoch.HeldOutLoss)
        : Epochs.Where(epoch => MainOf(epoch) is not null).MaxBy(MainOf);

    /// <summary>The best checkpoint, else the last; null if there is none.</summary>
    public string? CheckpointPath => new[] { Directory?.BestCheckpointPath, Directory?.LastCheckpointPath }.FirstOrDefault(File.Exists);

    /// <summary>The decisive figure of an epoch; null if nothing is held out.</summary>
    public double? MainOf(EpochMetrics? epoch) => MainFigure == Loss ? epoch?.HeldOutLoss : FigureOf(epoch, MainFigure);

    /// <summary>Whether the run trained on pairs, not on text.</summary>
    internal bool IsOnPairs => Kind != ModelKind.LanguageModel;

    /// <summary>The displayed form of its losses: perplexity for text, loss in nats for pairs.</summary>
    internal string LossName => IsOnPairs ? Loss : "perplexity";

    /// <summary>The best held-out figure, as displayed.</summary>
    internal double? BestFigure => IsOnPairs ? MainOf(Best) : Best?.HeldOutPerplexity;

    /// <summary>The training loss of an epoch, as displayed.</summary>
    internal double? TrainOf(EpochMetrics? epoch) => IsOnPairs ? epoch?.TrainLoss : epoch?.TrainPerplexity;

    /// <summary>The held-out loss of an epoch, as displayed.</summary>
    internal double? HeldOutOf(EpochMetrics? epoch) => IsOnPairs ? epoch?.HeldOutLoss : epoch?.HeldOutPerplexity;

    /// <summary>A figure of the held-out pairs after an epoch; null if the epoch does not have it.</summary>
    internal static double? FigureOf(EpochMetrics? epoch, string key) =>
        epoch?.HeldOut?.TryGetValue(key, out double value) == true ? value : null;

    /// <summary>The keys of all held-out figures of some runs, in order.</summary>
    internal static IReadOnlyList<string> FiguresOf(IEnumerable<RunRecord> runs) =>
        [.. runs.SelectMany(run => run.Epochs).SelectMany(epoch => epoch.HeldOut?.Keys ?? []).Distinct()];

    /// <summary>Reads a run directory or a log.</summary>
    /// <exception cref="CheckpointException">There is no run, or a file of it is invalid.</exception>
    /// <exception cref="Configuration.ConfigFileException">Its configuration is invalid.</exception>
    public static RunRecord Read(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (File.Exists(path))
            return RunLog.Read(path);
        var directory = new RunDirectory(path);
        if (!File.Exists(directory.ConfigPath))
            throw new CheckpointException(path, "is not a run: neither a run directory (it has no config.yaml) nor a log");
        RunKind kind = RunKind.Of(RunConfigFile.KindOf(directory.ConfigPath));
        var record = new RunRecord
        {
            Name = directory.Name,
            Kind = kind.Name,
            Directory = directory,
            Settings = RunConfigFile.Read(directory.ConfigPath, kind.Defaults),
            Environment = RunEnvironment.Read(directory.EnvironmentPath),
            Epochs = EpochMetrics.Read(directory.MetricsPath),
            Samples = SampleFile.Read(directory.SamplesPath),
            Result = File.Exists(directory.ResultPath) ? RunSummary.Read(directory.ResultPath) : null,
        };
        return record.Settings switch
        {
            RunConfig text => record with { Model = text.Model, Corpus = text.Corpus },
            PairRunConfig { Model: ClassifierConfig model } pairs => record with
            {
                Model = model.Model,
                Form = model.LabelOf == LabelOf.Character ? "a label for each character" : $"pooling {Choices.NameOf(model.Pooling)}",
                Validation = pairs.Validation,
                MainFigure = "accuracy",
            },
            PairRunConfig { Model: TranslatorConfig model } pairs => record with
            {
                Model = model.Model,
                Form = model.Source == SourceKind.Label ? "from a label" : $"attention {Choices.NameOf(model.Attention)}",
                Validation = pairs.Validation,
                MainFigure = model.Source == SourceKind.Label ? Loss : "exact_match",
            },
            _ => throw new NotSupportedException($"a run of kind {kind.Name}"),
        };
    }
}

/// <summary>A sample of a run.</summary>
/// <param name="Epoch">The number of epochs before it.</param>
/// <param name="Text">The prefix and its continuation.</param>
public sealed record RunSample(int Epoch, string Text);
