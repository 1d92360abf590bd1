using System.Text;
using CharLM.Checkpoints;
using CharLM.Training;

namespace CharLM.Runs;

/// <summary>
/// A run's work in its directory: it holds the lock, writes the metrics and samples as they come, and takes turns with the
/// checkpoints. What is in the directory is whole at every moment, whenever the process ends.
/// </summary>
public sealed class RunSession : IDisposable
{
    private readonly bool _findsName;
    private RunLock? _lock;
    private RunConfig? _config;
    private FileStream? _metrics, _samples;
    private long? _lastStep;

    // The uppermost folder that was made for a run of which nothing is written yet.
    private string? _firstMade;

    private RunSession(RunDirectory directory, bool findsName) => (Directory, _findsName) = (directory, findsName);

    /// <summary>Where it works.</summary>
    public RunDirectory Directory { get; private set; }

    /// <summary>Where the model goes, too, when the run ends; null nowhere.</summary>
    public string? CopyPath { get; init; }

    /// <summary>A new run; its directory is made when the run begins.</summary>
    /// <param name="path">The directory; must hold no run.</param>
    /// <param name="findsName">Whether a number is put behind the name when it is taken.</param>
    /// <param name="copyTo">Where the model goes, too, when the run ends; default nowhere.</param>
    /// <exception cref="RunDirectoryException">The directory holds a run, or cannot be written.</exception>
    public static RunSession New(string path, bool findsName = false, string? copyTo = null)
    {
        var session = new RunSession(new RunDirectory(path), findsName) { CopyPath = copyTo };
        if (!findsName)
            session.RefuseRun();
        try
        {
            AtomicFile.Probe(session.Directory.ConfigPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotBeWritten(path, e);
        }
        return session;
    }

    /// <summary>Closes the files; a new run of which nothing was written takes its directory back.</summary>
    public void Dispose()
    {
        _metrics?.Dispose();
        _samples?.Dispose();
        if (_firstMade is not null && _lock is not null)
            TakeBack(_firstMade);
        _lock?.Dispose();
        _firstMade = null;
    }

    /// <summary>Makes the directory with its configuration and environment, locks it, and opens its files.</summary>
    /// <exception cref="RunDirectoryException">It holds a run, another process works in it, or it cannot be written.</exception>
    internal void Begin(RunConfig config, RunEnvironment environment)
    {
        string path = Directory.Path;
        for (int number = 2; !TryBegin(config, environment); number++)
            Directory = new RunDirectory($"{path}-{number}");
    }

    /// <summary>Writes the line of an epoch.</summary>
    internal void Record(EpochReport epoch, long step)
    {
        _firstMade = null;
        Append(_metrics!, RecordFile.Line(RunMetrics.Of(epoch, step)));
    }

    /// <summary>Writes a sample.</summary>
    internal void Record(int epoch, string sample) => Append(_samples!, Encoding.UTF8.GetBytes($"after epoch {epoch}:\n{sample}\n\n"));

    /// <summary>Writes a checkpoint as the newest; the one that was steps aside, and the oldest go.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="step">Minibatches that it has learned.</param>
    /// <exception cref="CheckpointException">It cannot be written; the older ones are as they were.</exception>
    internal void Save(Checkpoint checkpoint, long step)
    {
        _firstMade = null;
        _metrics!.Flush(flushToDisk: true);
        _samples!.Flush(flushToDisk: true);
        CheckpointFile.Write(Directory.LastCheckpointPath, checkpoint, replacing: () => StepAside(step));
        _lastStep = step;
        foreach ((_, string path) in Directory.StepCheckpoints().Skip(_config!.KeepLast - 1))
            File.Delete(path);
    }

    /// <summary>Writes the model with the best held-out perplexity.</summary>
    internal void SaveBest(Checkpoint checkpoint) => CheckpointFile.Write(Directory.BestCheckpointPath, checkpoint);

    /// <summary>Marks the run as complete.</summary>
    internal void Complete(RunSummary summary) => WriteWhole(Directory.ResultPath, RecordFile.Line(summary));

    private static RunDirectoryException CannotBeWritten(string path, Exception e) => new(path, $"cannot be written: {e.Message.Split('\n')[0]}", e);

    private static void WriteWhole(string path, byte[] content)
    {
        try
        {
            AtomicFile.Write(path, stream => stream.Write(content));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotBeWritten(path, e);
        }
    }

    private static void Append(FileStream file, byte[] content)
    {
        try
        {
            file.Write(content);
        }
        catch (IOException e)
        {
            throw CannotBeWritten(file.Name, e);
        }
    }

    // False when the name is taken and another one may be found.
    private bool TryBegin(RunConfig config, RunEnvironment environment)
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
            if (_lock is null)
                throw new RunDirectoryException(Directory.Path, "another process works in this run directory");
            RefuseRun();
            _firstMade = firstMade;
            (_metrics, _samples) = (Open(Directory.MetricsPath), Open(Directory.SamplesPath));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotBeWritten(Directory.Path, e);
        }
        _config = config;
        WriteWhole(Directory.EnvironmentPath, RecordFile.Line(environment));
        // Last: a directory without it holds no run.
        WriteWhole(Directory.ConfigPath, Encoding.UTF8.GetBytes(RunConfigFile.Write(config)));
        return true;
    }

    private static string FirstMissing(string folder)
    {
        string full = Path.GetFullPath(folder);
        while (Path.GetDirectoryName(full) is { } parent && !System.IO.Directory.Exists(parent))
            full = parent;
        return full;
    }

    // Only what is the run's own goes, and folders only when they are empty then.
    private void TakeBack(string firstMade)
    {
        try
        {
            foreach (string file in new[] { Directory.ConfigPath, Directory.EnvironmentPath, Directory.MetricsPath, Directory.SamplesPath, Directory.LockPath })
                File.Delete(file);
            string folder = Path.GetFullPath(Directory.CheckpointsPath);
            for (; folder.Length >= firstMade.Length; folder = Path.GetDirectoryName(folder)!)
                System.IO.Directory.Delete(folder);
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
            throw new RunDirectoryException(Directory.Path, "holds a run already: take another name");
    }

    private static FileStream Open(string path) => new(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);

    private void StepAside(long step)
    {
        if (_config!.KeepLast > 1 && _lastStep is { } before && before != step)
            File.Move(Directory.LastCheckpointPath, Directory.StepCheckpointPath(before), overwrite: true);
    }
}
