using CharLM.Checkpoints;

namespace CharLM.Workbench.Runs;

/// <summary>How the runs of one kind of model are kept in their directories: their configuration and their checkpoints.</summary>
/// <typeparam name="TConfig">The configuration of a run.</typeparam>
/// <typeparam name="TCheckpoint">What its checkpoints hold.</typeparam>
public sealed class RunKind<TConfig, TCheckpoint>
    where TConfig : RunSettings, new()
    where TCheckpoint : class, IRunCheckpoint
{
    private readonly Func<string, TCheckpoint> _read;
    private readonly Action<string, TCheckpoint, Action?> _write;

    /// <summary>A kind of runs.</summary>
    /// <param name="name">What files call the kind of model.</param>
    /// <param name="read">Reads a checkpoint.</param>
    /// <param name="write">Writes one; the last argument is called when the new file is whole, before it takes the old one's place.</param>
    internal RunKind(string name, Func<string, TCheckpoint> read, Action<string, TCheckpoint, Action?> write) =>
        (Name, _read, _write) = (name, read, write);

    /// <summary>What files call the kind of model.</summary>
    public string Name { get; }

    /// <summary>A new run; its directory is made when the run begins.</summary>
    /// <inheritdoc cref="RunSession{TConfig, TCheckpoint}.New"/>
    public RunSession<TConfig, TCheckpoint> New(string path, bool findsName = false, string? copyTo = null) =>
        RunSession<TConfig, TCheckpoint>.New(this, path, findsName, copyTo);

    /// <inheritdoc cref="RunSession{TConfig, TCheckpoint}.Resume"/>
    public RunSession<TConfig, TCheckpoint> Resume(string path, string? copyTo = null) =>
        RunSession<TConfig, TCheckpoint>.Resume(this, path, copyTo);

    /// <summary>Whether a run directory is of this kind; one whose configuration cannot be read may be.</summary>
    public bool Owns(RunDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        return RunConfigFile.KindOf(directory.ConfigPath) is not { } kind || kind == Name;
    }

    /// <summary>Reads a checkpoint.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign, of another kind or from a newer toolkit.</exception>
    public TCheckpoint Read(string path) => _read(path);

    /// <summary>Writes a checkpoint.</summary>
    /// <exception cref="CheckpointException">The file cannot be written; an old one is as it was.</exception>
    internal void Write(string path, TCheckpoint checkpoint, Action? replacing = null) => _write(path, checkpoint, replacing);
}
