using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;

namespace CharLM.Workbench.Runs;

/// <summary>A kind of run: what it trains, and the types of its configuration and checkpoints.</summary>
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

    /// <summary>The default configuration.</summary>
    public RunSettings Defaults { get; }

    /// <summary>Reads the configuration of a run directory.</summary>
    /// <exception cref="RunDirectoryException">Its cell is missing, or comes from another file.</exception>
    internal RunSettings ReadConfig(RunDirectory directory)
    {
        RunSettings config = RunConfigFile.Read(directory.ConfigPath, Defaults);
        try
        {
            // Before a checkpoint is read: one whose cell is missing is whole all the same.
            if (config.Network is { Cell: CellKind.Own, OwnCell: var cell })
                MissingCellException.ThrowIfMissing("is the run of a model", cell, config.CellsFile, config.CellsSha256);
            return config;
        }
        catch (MissingCellException e)
        {
            throw new RunDirectoryException(directory.Path, e.Message, e);
        }
    }

    /// <summary>The kind of model, as named in files.</summary>
    public string Name => Defaults.ModelKind;

    /// <summary>Whether runs of this kind train on pairs, not on text.</summary>
    internal bool IsOnPairs => Defaults is PairRunConfig;

    /// <summary>Starts a new run; its directory is created when the run begins.</summary>
    /// <inheritdoc cref="RunSession.New"/>
    public RunSession New(string path, bool findsName = false, string? copyTo = null) => RunSession.New(this, path, findsName, copyTo);

    /// <inheritdoc cref="RunSession.Resume"/>
    public RunSession Resume(string path, string? copyTo = null) => RunSession.Resume(this, path, copyTo);

    /// <inheritdoc cref="RunSession.Follow"/>
    internal RunSession Follow(string path, string startPath) => RunSession.Follow(this, path, startPath);

    /// <summary>Whether a run directory may be of this kind; true if its configuration cannot be read.</summary>
    public bool Owns(RunDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        return RunConfigFile.KindOf(directory.ConfigPath) is not { } kind || kind == Name;
    }

    /// <summary>Reads a checkpoint.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign, of another kind or from a newer toolkit.</exception>
    public IRunCheckpoint Read(string path) => _read(path);

    /// <summary>The kind with a name; language models for null or unknown names.</summary>
    internal static RunKind Of(string? name) =>
        name == Classifier.Name ? Classifier : name == Translator.Name ? Translator : LanguageModel;

    /// <summary>Writes a checkpoint.</summary>
    /// <exception cref="CheckpointException">The file cannot be written; an existing one is unchanged.</exception>
    internal void Write(string path, IRunCheckpoint checkpoint, Action? replacing = null) => _write(path, checkpoint, replacing);

    private static RunKind OfPairs(PairConfig model) => new(
        new PairRunConfig(model), path => PairModelFile.Read(path, model),
        (path, checkpoint, replacing) => PairModelFile.Write(path, (PairCheckpoint)checkpoint, replacing));
}
