using System.Text;
using CharLM.Checkpoints;
using CharLM.Training;
using CharLM.Workbench.Configuration;

namespace CharLM.Workbench.Runs;

/// <summary>
/// A run's session in its directory: it holds the lock, appends metrics and samples, and rotates checkpoints. The directory is consistent
/// at every moment, whenever the process ends.
/// </summary>
public sealed class RunSession : IDisposable
{
    private readonly RunKind _kind;
    private readonly bool _findsName;
    private readonly List<string> _warnings = [];
    private RunLock? _lock;
    private RunSettings? _config;
    private RunRecordFiles? _records;
    private IReadOnlyList<string> _damaged = [];
    private long? _lastStep;

    // The topmost folder created for a run that has written nothing yet.
    private string? _firstMade;

    private RunSession(RunKind kind, RunDirectory directory, bool findsName) =>
        (_kind, Directory, _findsName) = (kind, directory, findsName);

    /// <summary>The run directory.</summary>
    public RunDirectory Directory { get; private set; }

    /// <summary>The path for a copy of the model at the end of the run; null for none.</summary>
    public string? CopyPath { get; init; }

    /// <summary>Whether the session resumes a run.</summary>
    public bool IsResumed => Config is not null;

    /// <summary>The configuration of the resumed run; null for a new run.</summary>
    public RunSettings? Config { get; private init; }

    /// <summary>The checkpoint that the run resumes; null for a new run, and for one that ended before its first checkpoint.</summary>
    public IRunCheckpoint? Start { get; private set; }

    /// <summary>The file of <see cref="Start"/>.</summary>
    public string? StartPath { get; private set; }

    /// <summary>The environment in which the resumed run began; null if unknown.</summary>
    internal RunEnvironment? Environment =>
        IsResumed && File.Exists(Directory.EnvironmentPath) ? RunEnvironment.Read(Directory.EnvironmentPath) : null;

    /// <summary>The checksum of the text that the run began with; null if unknown.</summary>
    internal string? CorpusSha256 => Environment?.CorpusSha256;

    /// <summary>Minibatches already trained in the resumed epoch; 0 at its beginning.</summary>
    internal int BatchesDone =>
        IsResumed && Start?.Resume?.Trainer is { } trainer && trainer.Epoch == Start.Progress.Epochs ? trainer.Batch : 0;

    /// <summary>Warnings: a damaged checkpoint, a different machine.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Starts a new run; its directory is created when the run begins.</summary>
    /// <param name="kind">The kind of run.</param>
    /// <param name="path">The directory; must hold no run.</param>
    /// <param name="findsName">Whether to append a number if the name is taken.</param>
    /// <param name="copyTo">The path for a copy of the model at the end of the run; default none.</param>
    /// <exception cref="RunDirectoryException">The directory holds a run, or cannot be written.</exception>
    internal static RunSession New(RunKind kind, string path, bool findsName, string? copyTo)
    {
        var session = new RunSession(kind, new RunDirectory(path), findsName) { CopyPath = copyTo };
        if (!findsName)
        {
            session.Directory.RefuseName();
            session.RefuseRun();
        }
        try
        {
            AtomicFile.Probe(session.Directory.ConfigPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw RunDirectoryException.CannotBeWritten(path, e);
        }
        return session;
    }

    /// <summary>
    /// Resumes a run: takes the lock, removes temporary files of a killed process, and finds the newest intact checkpoint; damaged ones are
    /// skipped with a warning.
    /// </summary>
    /// <param name="kind">The kind of run.</param>
    /// <param name="path">The directory.</param>
    /// <param name="copyTo">The path for a copy of the model at the end of the run; default none.</param>
    /// <exception cref="RunDirectoryException">There is no run, it is of another kind, another process is using it, or none of its
    /// checkpoints is intact.</exception>
    /// <exception cref="ConfigFileException">Its configuration is damaged.</exception>
    internal static RunSession Resume(RunKind kind, string path, string? copyTo)
    {
        var directory = new RunDirectory(path);
        if (!File.Exists(directory.ConfigPath))
            throw new RunDirectoryException(
                path, System.IO.Directory.Exists(path) ? "holds no run: it has no config.yaml" : "there is no such run directory");
        if (!kind.Owns(directory))
        {
            string other = RunConfigFile.KindOf(directory.ConfigPath)!;
            throw new RunDirectoryException(
                path, $"holds the run of a {other}, not of a {kind.Name}: {ModelKind.TrainOf(other)} resumes it");
        }
        RunSettings config = kind.ReadConfig(directory);
        RunLock held = TakeLock(directory);
        try
        {
            var session = new RunSession(kind, directory, findsName: false)
            {
                CopyPath = copyTo,
                Config = config,
                _lock = held
            };
            session.Recover();
            return session;
        }
        catch (Exception e)
        {
            held.Dispose();
            if (e is IOException or UnauthorizedAccessException)
                throw RunDirectoryException.CannotBeWritten(path, e);
            throw;
        }
    }

    /// <summary>A view of a run that another process resumes, to train with it; writes nothing.</summary>
    /// <param name="kind">The kind of run.</param>
    /// <param name="path">The directory.</param>
    /// <param name="startPath">The checkpoint that the other process resumes; empty for none.</param>
    /// <exception cref="ConfigFileException">The configuration cannot be read.</exception>
    /// <exception cref="CheckpointException">The checkpoint cannot be read.</exception>
    internal static RunSession Follow(RunKind kind, string path, string startPath)
    {
        var directory = new RunDirectory(path);
        return new RunSession(kind, directory, findsName: false)
        {
            Config = kind.ReadConfig(directory),
            Start = startPath.Length == 0 ? null : kind.Read(startPath),
            StartPath = startPath.Length == 0 ? null : startPath,
        };
    }

    /// <summary>The settings that the resumed run cannot have; empty if there are none.</summary>
    /// <exception cref="InvalidOperationException">The session is of a new run.</exception>
    public IEnumerable<string> Conflicts(RunSettings config)
    {
        ArgumentNullException.ThrowIfNull(config);
        RunSettings was = Config ?? throw new InvalidOperationException("a new run conflicts with nothing");
        List<string> conflicts = [.. RunConflicts.Between(was, config)];
        int done = Start?.Progress.Epochs ?? 0;
        // The configuration must repeat the run: with it, the run would have ended where it did, or continues.
        bool waitsLess = config.Patience > 0 && (config.Patience < was.Patience || was.Patience == 0);
        bool waitsLonger = was.Patience > 0 && (config.Patience > was.Patience || config.Patience == 0);
        if (waitsLess && Start?.Progress is { BestEpoch: { } best } figures
            && (figures.LongestWait >= config.Patience || done - best > config.Patience))
        {
            conflicts.Add(
                $"patience is {was.Patience} in the run and cannot become {config.Patience}: the run has already waited longer, and would "
                    + "have ended");
        }
        if (File.Exists(Directory.ResultPath) && done >= config.Training.EpochCount)
            conflicts.Add($"{Directory.Path} is complete: it has finished its {done} epochs; give --epochs above that to train on");
        else if (File.Exists(Directory.ResultPath) && config.Training.EpochCount <= was.Training.EpochCount && !waitsLonger)
            conflicts.Add($"{Directory.Path} is complete: it ended after {done} epochs, since the held-out result did not improve");
        else if (done > config.Training.EpochCount)
            conflicts.Add($"{Directory.Path} has finished {done} epochs: it cannot end after {config.Training.EpochCount}");
        return conflicts;
    }

    /// <summary><see cref="Start"/>, checked to be of a kind of run.</summary>
    /// <exception cref="ArgumentException">The session is of another kind of run.</exception>
    internal IRunCheckpoint? StartOf(RunKind kind) =>
        kind == _kind ? Start : throw new ArgumentException($"the session is of a run of a {_kind.Name}, not of a {kind.Name}");

    /// <summary>Closes the files; a new run that has written nothing removes its directory.</summary>
    public void Dispose()
    {
        _records?.Dispose();
        if (_firstMade is not null && _lock is not null)
            TakeBack(_firstMade);
        _lock?.Dispose();
        _firstMade = null;
    }

    /// <summary>Creates the directory with its configuration and environment, locks it, and opens its files.</summary>
    /// <exception cref="RunDirectoryException">The directory holds a run, another process is using it, or it cannot be written.</exception>
    internal void Begin(RunSettings config, RunEnvironment environment)
    {
        _config = config;
        if (IsResumed)
        {
            ResumeRecords(config, environment);
            return;
        }
        string path = Directory.Path;
        for (int number = 2; !TryBegin(config, environment); number++)
            Directory = new RunDirectory($"{path}-{number}");
    }

    /// <summary>Appends the line of an epoch.</summary>
    internal void Record(EpochMetrics metrics)
    {
        CheckIsThere();
        _firstMade = null;
        _records!.Add(metrics);
    }

    /// <summary>Appends a sample.</summary>
    internal void Record(int epoch, string sample) => _records!.Add(epoch, sample);

    /// <summary>Flushes metrics and samples to disk and returns the state that a checkpoint needs for resuming.</summary>
    internal ResumeState Mark(TrainerState trainer, long step, double elapsedSeconds) => _records!.Mark(trainer, step, elapsedSeconds);

    /// <summary>Writes the newest checkpoint; the previous one is renamed to step-N, and the oldest are removed.</summary>
    /// <param name="checkpoint">The checkpoint, with the state needed to resume.</param>
    /// <exception cref="CheckpointException">The file cannot be written; older checkpoints are unchanged.</exception>
    internal void Save(IRunCheckpoint checkpoint)
    {
        _firstMade = null;
        long step = checkpoint.Resume!.Step;
        Write(Directory.LastCheckpointPath, checkpoint, replacing: () => StepAside(step));
        _lastStep = step;
        foreach ((_, string path) in Directory.StepCheckpoints().Skip(_config!.KeepLast - 1))
            SharedFile.Delete(path);
    }

    /// <summary>Writes the best held-out model.</summary>
    internal void SaveBest(IRunCheckpoint checkpoint) => Write(Directory.BestCheckpointPath, checkpoint);

    /// <summary>Marks the run as complete.</summary>
    /// <param name="summary">The run's summary.</param>
    internal void Complete(RunSummary summary)
    {
        CheckIsThere();
        WriteWhole(Directory.ResultPath, RecordFile.Line(summary));
    }

    private static void WriteWhole(string path, byte[] content)
    {
        try
        {
            AtomicFile.Write(path, stream => stream.Write(content));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw RunDirectoryException.CannotBeWritten(path, e);
        }
    }

    // Writes to a deleted file would be lost silently, and a checkpoint would recreate the folder.
    private void CheckIsThere()
    {
        var metrics = new FileInfo(Directory.MetricsPath);
        if (!HoldsRun || !metrics.Exists || metrics.Length != _records!.MetricsLength)
        {
            throw new RunDirectoryException(
                Directory.Path,
                "is gone: it was removed, moved or replaced while the run wrote to it; nothing was written since; if it was moved, resume "
                    + "it there from its last checkpoint");
        }
    }

    private void Write(string path, IRunCheckpoint checkpoint, Action? replacing = null)
    {
        CheckIsThere();
        try
        {
            _kind.Write(path, checkpoint, replacing);
        }
        catch (CheckpointException)
        {
            // The directory may have gone while the file was written.
            CheckIsThere();
            throw;
        }
    }

    private static RunLock TakeLock(RunDirectory directory) =>
        RunLock.TryTake(directory.LockPath)
            ?? throw new RunDirectoryException(directory.Path, "another process is using this run directory")
            {
                IsBusy = true,
            };

    // Returns false if the name is taken and another one may be tried.
    private bool TryBegin(RunSettings config, RunEnvironment environment)
    {
        try
        {
            string firstMade = FirstMissing(Directory.CheckpointsPath);
            System.IO.Directory.CreateDirectory(Directory.CheckpointsPath);
            _lock = RunLock.TryTake(Directory.LockPath);
            if (_findsName && (_lock is null || HoldsRun))
            {
                _lock?.Dispose();
                return false;
            }
            _lock ??= TakeLock(Directory);
            RefuseRun();
            _firstMade = firstMade;
            _records = new RunRecordFiles(Directory, before: null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw RunDirectoryException.CannotBeWritten(Directory.Path, e);
        }
        WriteWhole(Directory.EnvironmentPath, RecordFile.Line(environment));
        // Last, since a directory without a configuration holds no run.
        WriteConfig(config);
        return true;
    }

    private void ResumeRecords(RunSettings config, RunEnvironment environment)
    {
        try
        {
            foreach (string damaged in _damaged)
                SharedFile.Move(damaged, damaged + NewestCheckpoint.DamagedExtension);
            _records = new RunRecordFiles(Directory, Start?.Resume);
            SharedFile.Delete(Directory.ResultPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw RunDirectoryException.CannotBeWritten(Directory.Path, e);
        }
        if (StartPath == Directory.LastCheckpointPath)
            _lastStep = Start!.Resume!.Step;
        if (config != Config)
            WriteConfig(config);
        if (File.Exists(Directory.EnvironmentPath))
            _warnings.AddRange(environment.DifferencesFrom(RunEnvironment.Read(Directory.EnvironmentPath))
                .Select(difference => $"{difference}: the last bits of the results may differ"));
        else
            WriteWhole(Directory.EnvironmentPath, RecordFile.Line(environment));
    }

    // Check everything before changing anything; only temporary files of a killed process are removed at once.
    private void Recover()
    {
        Directory.RefuseLinks();
        System.IO.Directory.CreateDirectory(Directory.CheckpointsPath);
        AtomicFile.RemoveTemporaries(Directory.Path);
        AtomicFile.RemoveTemporaries(Directory.CheckpointsPath);
        if (NewestCheckpoint.Find(Directory, _kind.Read) is not { } newest)
            return;
        (Start, StartPath, _damaged) = (newest.Checkpoint, newest.Path, newest.Damaged);
        _warnings.AddRange(newest.Warnings);
    }

    private void WriteConfig(RunSettings config) => WriteWhole(Directory.ConfigPath, Encoding.UTF8.GetBytes(RunConfigFile.Write(config)));

    private static string FirstMissing(string folder) =>
        Path.GetDirectoryName(Path.GetFullPath(folder)) is { } parent && !System.IO.Directory.Exists(parent)
            ? FirstMissing(parent) : Path.GetFullPath(folder);

    // Remove only the run's own files, and folders only if they are then empty.
    private void TakeBack(string firstMade)
    {
        try
        {
            foreach (string file in new[] { Directory.ConfigPath, Directory.EnvironmentPath, Directory.MetricsPath, Directory.SamplesPath })
                SharedFile.Delete(file);
            // Windows cannot remove an open file; elsewhere the lock is held to the end.
            if (OperatingSystem.IsWindows())
                _lock?.Dispose();
            SharedFile.Delete(Directory.LockPath);
            string folder = Path.GetFullPath(Directory.CheckpointsPath);
            for (; folder.Length >= firstMade.Length; folder = Path.GetDirectoryName(folder)!)
                SharedFile.DeleteFolder(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Something else is in the folder, or may be: keep it.
        }
    }

    private bool HoldsRun => File.Exists(Directory.ConfigPath);

    private void RefuseRun()
    {
        if (HoldsRun)
            throw new RunDirectoryException(
                Directory.Path, $"holds a run already: continue it with --resume {Directory.Path}, or use another name");
    }

    private void StepAside(long step)
    {
        if (_config!.KeepLast > 1 && _lastStep is { } before && before != step)
            SharedFile.Move(Directory.LastCheckpointPath, Directory.StepCheckpointPath(before));
    }
}
