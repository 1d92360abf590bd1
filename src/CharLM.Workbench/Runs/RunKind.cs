using CharLM.Checkpoints;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;

namespace CharLM.Workbench.Runs;

/// <summary>A kind of run: what it trains, and how its configuration and checkpoints are kept.</summary>
public sealed class RunKind
{
    private readonly Func<string, IRunCheckpoint> _read;
    private readonly Action<string, IRunCheckpoint, Action?> _write;

    private RunKind(RunSettings defaults, Func<string, IRunCheckpoint> read, Action<string, IRunCheckpoint, Action?> write) =>
        (Defaults, _read, _write) = (defaults, read, write);

    /// <summary>Runs of language models: a <see cref="RunConfig"/>, and a <see cref="Checkpoint"/>.</summary>
    public static RunKind LanguageModel { get; } = new(
        new RunConfig(), CheckpointFile.Read,
        (path, checkpoint, replacing) => CheckpointFile.Write(path, (Checkpoint)checkpoint, replacing));

    /// <summary>Runs of classifiers: a <see cref="PairRunConfig"/>, and a <see cref="PairCheckpoint"/>.</summary>
    public static RunKind Classifier { get; } = OfPairs(new ClassifierConfig());

    /// <summary>Runs of encoder-decoders: a <see cref="PairRunConfig"/>, and a <see cref="PairCheckpoint"/>.</summary>
    public static RunKind Translator { get; } = OfPairs(new TranslatorConfig());

    /// <summary>The configuration of a run that was told nothing.</summary>
    public RunSettings Defaults { get; }

    /// <summary>What files call the kind of model.</summary>
    public string Name => Defaults.ModelKind;

    /// <summary>Whether pairs are learned, not a text.</summary>
    internal bool IsOnPairs => Defaults is PairRunConfig;

    /// <summary>A new run; its directory is made when the run begins.</summary>
    /// <inheritdoc cref="RunSession.New"/>
    public RunSession New(string path, bool findsName = false, string? copyTo = null) => RunSession.New(this, path, findsName, copyTo);

    /// <inheritdoc cref="RunSession.Resume"/>
    public RunSession Resume(string path, string? copyTo = null) => RunSession.Resume(this, path, copyTo);

    /// <summary>Whether a run directory is of this kind; one whose configuration cannot be read may be.</summary>
    public bool Owns(RunDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        return RunConfigFile.KindOf(directory.ConfigPath) is not { } kind || kind == Name;
    }

    /// <summary>Reads a checkpoint.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign, of another kind or from a newer toolkit.</exception>
    public IRunCheckpoint Read(string path) => _read(path);

    /// <summary>The kind that has a name; that of language models when none has.</summary>
    internal static RunKind Of(string? name) =>
        name == Classifier.Name ? Classifier : name == Translator.Name ? Translator : LanguageModel;

    /// <summary>Writes a checkpoint.</summary>
    /// <exception cref="CheckpointException">The file cannot be written; an old one is as it was.</exception>
    internal void Write(string path, IRunCheckpoint checkpoint, Action? replacing = null) => _write(path, checkpoint, replacing);

    private static RunKind OfPairs(PairConfig model) => new(
        new PairRunConfig(model), path => PairModelFile.Read(path, model),
        (path, checkpoint, replacing) => PairModelFile.Write(path, (PairCheckpoint)checkpoint, replacing));
}
