using System.Text;
using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Training;
using CharLM.Workbench.Configuration;

namespace CharLM.Workbench.Runs;

/// <summary>
/// A run's work in its directory: it holds the lock, writes the metrics and samples as they come, and takes turns with the
/// checkpoints. What is in the directory is whole at every moment, whenever the process ends.
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

    // The uppermost folder that was made for a run of which nothing is written yet.
    private string? _firstMade;

    private RunSession(RunKind kind, RunDirectory directory, bool findsName) =>
        (_kind, Directory, _findsName) = (kind, directory, findsName);

    /// <summary>Where it works.</summary>
    public RunDirectory Directory { get; private set; }

    /// <summary>Where the model goes, too, when the run ends; null nowhere.</summary>
    public string? CopyPath { get; init; }

    /// <summary>Whether it goes on with a run that began before.</summary>
    public bool IsResumed => Config is not null;

    /// <summary>The configuration of the run that goes on; null for a new run.</summary>
    public RunSettings? Config { get; private init; }

    /// <summary>The checkpoint that the run goes on from; null for a new run, and for one that ended before its first checkpoint.</summary>
    public IRunCheckpoint? Start { get; private set; }

    /// <summary>The file of <see cref="Start"/>.</summary>
    public string? StartPath { get; private set; }

    /// <summary>What the run that goes on began on; null when it is not known.</summary>
    internal RunEnvironment? Environment =>
        IsResumed && File.Exists(Directory.EnvironmentPath) ? RunEnvironment.Read(Directory.EnvironmentPath) : null;

    /// <summary>The checksum of the text that the run began with; null when it is not known.</summary>
    internal string? CorpusSha256 => Environment?.CorpusSha256;

    /// <summary>Minibatches of the epoch that goes on that are learned already; 0 when one begins.</summary>
    internal int BatchesDone =>
        IsResumed && Start?.Resume?.Trainer is { } trainer && trainer.Epoch == Start.Progress.Epochs ? trainer.Batch : 0;

    /// <summary>What a person should know: a checkpoint that is damaged, another machine than before.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>A new run; its directory is made when the run begins.</summary>
    /// <param name="kind">What it trains.</param>
    /// <param name="path">The directory; must hold no run.</param>
    /// <param name="findsName">Whether a number is put behind the name when it is taken.</param>
    /// <param name="copyTo">Where the model goes, too, when the run ends; default nowhere.</param>
    /// <exception cref="RunDirectoryException">The directory holds a run, or cannot be written.</exception>
    internal static RunSession New(RunKind kind, string path, bool findsName, string? copyTo)
    {
        var session = new RunSession(kind, new RunDirectory(path), findsName) { CopyPath = copyTo };
        if (!findsName)
        {
            session.RefuseName();
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
    /// Goes on with a run: takes the lock, removes what a writer that was killed has left, and finds the newest checkpoint that is
    /// whole; those that are not are passed over with a warning.
    /// </summary>
    /// <param name="kind">What it trains.</param>
    /// <param name="path">The directory.</param>
    /// <param name="copyTo">Where the model goes, too, when the run ends; default nowhere.</param>
    /// <exception cref="RunDirectoryException">There is no run, it trains something else, another process works in it, or none of its
    /// checkpoints is whole.</exception>
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
                path, $"holds the run of a {other}, not of a {kind.Name}: {ModelKind.TrainOf(other)} goes on with it");
        }
        RunSettings config = RunConfigFile.Read(directory.ConfigPath, kind.Defaults);
        CheckCell(path, config);
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

    /// <summary>What of a configuration cannot be for the run that goes on, empty when there is nothing.</summary>
    /// <exception cref="InvalidOperationException">It is a new run.</exception>
    public IEnumerable<string> Conflicts(RunSettings config)
    {
        ArgumentNullException.ThrowIfNull(config);
        RunSettings was = Config ?? throw new InvalidOperationException("a new run conflicts with nothing");
        List<string> conflicts = [.. RunConflicts.Between(was, config)];
        int done = Start?.Progress.Epochs ?? 0;
        // The configuration repeats the run: with it, the run would have ended where it did, or goes on.
        bool waitsLess = config.Patience > 0 && (config.Patience < was.Patience || was.Patience == 0);
        bool waitsLonger = was.Patience > 0 && (config.Patience > was.Patience || config.Patience == 0);
        if (waitsLess && Start?.Progress is { BestEpoch: { } best } figures
            && (figures.LongestWait >= config.Patience || done - best > config.Patience))
        {
            conflicts.Add(
                $"patience is {was.Patience} in the run and cannot become {config.Patience}: the run has waited longer already, and would "
                    + "have ended before");
        }
        if (File.Exists(Directory.ResultPath) && done >= config.Training.EpochCount)
            conflicts.Add($"{Directory.Path} is complete: it has finished its {done} epochs; give --epochs above that to train on");
        else if (File.Exists(Directory.ResultPath) && config.Training.EpochCount <= was.Training.EpochCount && !waitsLonger)
            conflicts.Add($"{Directory.Path} is complete: it ended after {done} epochs, since what is held out did not become better");
        else if (done > config.Training.EpochCount)
            conflicts.Add($"{Directory.Path} has finished {done} epochs: it cannot end after {config.Training.EpochCount}");
        return conflicts;
    }

    /// <summary><see cref="Start"/>, for a run of some kind.</summary>
    /// <exception cref="ArgumentException">The session is of another kind of run.</exception>
    internal IRunCheckpoint? StartOf(RunKind kind) =>
        kind == _kind ? Start : throw new ArgumentException($"the session is of the run of a {_kind.Name}, not of a {kind.Name}");

    /// <summary>Closes the files; a new run of which nothing was written takes its directory back.</summary>
    public void Dispose()
    {
        _records?.Dispose();
        if (_firstMade is not null && _lock is not null)
            TakeBack(_firstMade);
        _lock?.Dispose();
        _firstMade = null;
    }

    /// <summary>Makes the directory with its configuration and environment, locks it, and opens its files.</summary>
    /// <exception cref="RunDirectoryException">It holds a run, another process works in it, or it cannot be written.</exception>
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

    /// <summary>Writes the line of an epoch.</summary>
    internal void Record(EpochMetrics metrics)
    {
        CheckIsThere();
        _firstMade = null;
        _records!.Add(metrics);
    }

    /// <summary>Writes a sample.</summary>
    internal void Record(int epoch, string sample) => _records!.Add(epoch, sample);

    /// <summary>Brings metrics and samples to the disk, and says what a checkpoint needs to go on after them.</summary>
    internal ResumeState Mark(TrainerState trainer, long step, double elapsedSeconds) => _records!.Mark(trainer, step, elapsedSeconds);

    /// <summary>Writes a checkpoint as the newest; the one that was steps aside, and the oldest go.</summary>
    /// <param name="checkpoint">The checkpoint, with what is needed to go on.</param>
    /// <exception cref="CheckpointException">It cannot be written; the older ones are as they were.</exception>
    internal void Save(IRunCheckpoint checkpoint)
    {
        _firstMade = null;
        long step = checkpoint.Resume!.Step;
        Write(Directory.LastCheckpointPath, checkpoint, replacing: () => StepAside(step));
        _lastStep = step;
        foreach ((_, string path) in Directory.StepCheckpoints().Skip(_config!.KeepLast - 1))
            SharedFile.Delete(path);
    }

    /// <summary>Writes the model that is best on what is held out.</summary>
    internal void SaveBest(IRunCheckpoint checkpoint) => Write(Directory.BestCheckpointPath, checkpoint);

    /// <summary>Marks the run as complete.</summary>
    /// <param name="summary">How it ended.</param>
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

    // What is written to a file that was removed is lost without a word, and a checkpoint would make the folder anew.
    private void CheckIsThere()
    {
        var metrics = new FileInfo(Directory.MetricsPath);
        if (!HoldsRun || !metrics.Exists || metrics.Length != _records!.MetricsLength)
        {
            throw new RunDirectoryException(
                Directory.Path,
                "is gone: it was removed, moved or replaced while the run wrote to it; nothing was written since, and where the directory "
                    + "is now, the run goes on from its last checkpoint");
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
            // It may have gone while the file was written.
            CheckIsThere();
            throw;
        }
    }

    // Before a checkpoint is read: one whose cell is missing is whole all the same.
    private static void CheckCell(string path, RunSettings config)
    {
        if (config.Network.Cell != CellKind.Own)
            return;
        try
        {
            MissingCellException.ThrowIfMissing("is the run of a model", config.Network.OwnCell, config.CellsFile, config.CellsSha256);
        }
        catch (MissingCellException e)
        {
            throw new RunDirectoryException(path, e.Message, e);
        }
    }

    private static RunLock TakeLock(RunDirectory directory) =>
        RunLock.TryTake(directory.LockPath)
            ?? throw new RunDirectoryException(directory.Path, "another process works in this run directory")
            {
                IsBusy = true,
            };

    // False when the name is taken and another one may be found.
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
        // Last: a directory without it holds no run.
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

    // Everything is checked before anything is changed; only leftovers of a killed writer go at once.
    private void Recover()
    {
        RefuseLinks();
        System.IO.Directory.CreateDirectory(Directory.CheckpointsPath);
        AtomicFile.RemoveTemporaries(Directory.Path);
        AtomicFile.RemoveTemporaries(Directory.CheckpointsPath);
        if (NewestCheckpoint.Find(Directory, _kind.Read) is not { } newest)
            return;
        (Start, StartPath, _damaged) = (newest.Checkpoint, newest.Path, newest.Damaged);
        _warnings.AddRange(newest.Warnings);
    }

    // A checkpoint that is a link would let a write leave the directory.
    private void RefuseLinks()
    {
        string[] files = [Directory.CheckpointsPath, Directory.LastCheckpointPath, Directory.BestCheckpointPath, Directory.MetricsPath,
            Directory.SamplesPath, Directory.ConfigPath, Directory.ResultPath, Directory.EnvironmentPath];
        if (files.FirstOrDefault(file => new FileInfo(file).LinkTarget is not null) is { } link)
            throw new RunDirectoryException(link, "is a link: a run directory holds files of its own");
    }

    private void WriteConfig(RunSettings config) => WriteWhole(Directory.ConfigPath, Encoding.UTF8.GetBytes(RunConfigFile.Write(config)));

    private static string FirstMissing(string folder) =>
        Path.GetDirectoryName(Path.GetFullPath(folder)) is { } parent && !System.IO.Directory.Exists(parent)
            ? FirstMissing(parent) : Path.GetFullPath(folder);

    // Only what is the run's own goes, and folders only when they are empty then.
    private void TakeBack(string firstMade)
    {
        try
        {
            foreach (string file in new[] { Directory.ConfigPath, Directory.EnvironmentPath, Directory.MetricsPath, Directory.SamplesPath })
                SharedFile.Delete(file);
            // Windows removes no file that is kept open; elsewhere the lock is held to the last.
            if (OperatingSystem.IsWindows())
                _lock?.Dispose();
            SharedFile.Delete(Directory.LockPath);
            string folder = Path.GetFullPath(Directory.CheckpointsPath);
            for (; folder.Length >= firstMade.Length; folder = Path.GetDirectoryName(folder)!)
                SharedFile.DeleteFolder(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody else has put something there, or may: it stays.
        }
    }

    private bool HoldsRun => File.Exists(Directory.ConfigPath);

    private void RefuseRun()
    {
        if (HoldsRun)
            throw new RunDirectoryException(
                Directory.Path, $"holds a run already: go on with --resume {Directory.Path}, or take another name");
    }

    // A run directory shall keep its name on every system that it is copied to.
    private void RefuseName()
    {
        if (PortableName.ErrorOfPath(Directory.Path) is { } error)
            throw new RunDirectoryException(Directory.Path, $"{error}: take another name, with which the run can be copied anywhere");
        if (PortableName.SameButForCase(Directory.Path) is { } other)
            throw new RunDirectoryException(
                Directory.Path, $"'{other}' is there, and differs in upper and lower case alone: on Windows and macOS they are one folder; "
                    + "take another name");
    }

    private void StepAside(long step)
    {
        if (_config!.KeepLast > 1 && _lastStep is { } before && before != step)
            SharedFile.Move(Directory.LastCheckpointPath, Directory.StepCheckpointPath(before));
    }
}
