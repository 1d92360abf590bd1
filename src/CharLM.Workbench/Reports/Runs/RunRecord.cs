using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
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

    /// <summary>Its configuration, a <see cref="RunConfig"/> or a <see cref="PairRunConfig"/>; null when only a log is known.</summary>
    public RunSettings? Settings { get; init; }

    /// <summary>Its model, of models on pairs the recurrent layers; null when only a log is known.</summary>
    public ModelConfig? Model { get; init; }

    /// <summary>What is particular to a model on pairs, in words; else null.</summary>
    public string? Form { get; init; }

    /// <summary>What the configuration calls the text; null for pairs, and when only a log is known.</summary>
    public CorpusNames? Corpus { get; init; }

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
    public double? MainOf(EpochMetrics? epoch) => MainFigure == Loss ? epoch?.HeldOutLoss : FigureOf(epoch, MainFigure);

    /// <summary>Whether pairs were learned, not a text.</summary>
    internal bool IsOnPairs => Kind != ModelKind.LanguageModel;

    /// <summary>How its losses are shown: as perplexities of a text, as nats of pairs.</summary>
    internal string LossName => IsOnPairs ? Loss : "perplexity";

    /// <summary>The best figure of those held out, as it is shown.</summary>
    internal double? BestFigure => IsOnPairs ? MainOf(Best) : Best?.HeldOutPerplexity;

    /// <summary>The training loss of an epoch, as it is shown.</summary>
    internal double? TrainOf(EpochMetrics? epoch) => IsOnPairs ? epoch?.TrainLoss : epoch?.TrainPerplexity;

    /// <summary>The held-out loss of an epoch, as it is shown.</summary>
    internal double? HeldOutOf(EpochMetrics? epoch) => IsOnPairs ? epoch?.HeldOutLoss : epoch?.HeldOutPerplexity;

    /// <summary>A figure of the held-out pairs after an epoch; null when it has it not.</summary>
    internal static double? FigureOf(EpochMetrics? epoch, string key) =>
        epoch?.HeldOut?.TryGetValue(key, out double value) == true ? value : null;

    /// <summary>The names of the figures that runs measured, as the metrics have them, in order.</summary>
    internal static IReadOnlyList<string> FiguresOf(IEnumerable<RunRecord> runs) =>
        [.. runs.SelectMany(run => run.Epochs).SelectMany(epoch => epoch.HeldOut?.Keys ?? []).Distinct()];

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
            _ => throw new NotSupportedException($"a run of a {kind.Name}"),
        };
    }
}

/// <summary>A sample that a run drew.</summary>
/// <param name="Epoch">After how many epochs.</param>
/// <param name="Text">The prefix and its continuation.</param>
public sealed record RunSample(int Epoch, string Text);
