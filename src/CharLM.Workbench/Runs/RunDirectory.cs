using System.Globalization;
using System.Text.RegularExpressions;

namespace CharLM.Workbench.Runs;

/// <summary>
/// Where everything of a run lies: <c>config.yaml</c>, <c>environment.json</c>, <c>metrics.jsonl</c>, <c>samples.txt</c>,
/// <c>checkpoints/</c>, and at the end <c>result.json</c>. Only names: <see cref="RunSession"/> works in it.
/// </summary>
public sealed partial class RunDirectory
{
    /// <summary>The folder that run directories lie in when nobody says otherwise.</summary>
    public const string DefaultParent = "runs";

    private const int LongestText = 24;

    private const string Extension = ".safetensors", StepPrefix = "step-";

    /// <summary>The run directory of a path; nothing is made.</summary>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public RunDirectory(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        Path = System.IO.Path.TrimEndingDirectorySeparator(path);
    }

    /// <summary>The path as it was given.</summary>
    public string Path { get; }

    /// <summary>The last part of the path.</summary>
    public string Name => System.IO.Path.GetFileName(System.IO.Path.GetFullPath(Path));

    /// <summary>The complete configuration; <c>charlm train --config</c> repeats the run with it.</summary>
    public string ConfigPath => File("config.yaml");

    /// <summary>What the run ran on (<see cref="RunEnvironment"/>).</summary>
    public string EnvironmentPath => File("environment.json");

    /// <summary>A line for each epoch (<see cref="EpochMetrics"/>).</summary>
    public string MetricsPath => File("metrics.jsonl");

    /// <summary>The samples that were drawn.</summary>
    public string SamplesPath => File("samples.txt");

    /// <summary>How the run ended (<see cref="RunSummary"/>); there when it is complete.</summary>
    public string ResultPath => File("result.json");

    /// <summary>The folder of the checkpoints.</summary>
    public string CheckpointsPath => File("checkpoints");

    /// <summary>The newest checkpoint.</summary>
    public string LastCheckpointPath => Checkpoint("last");

    /// <summary>The model that is best on what is held out.</summary>
    public string BestCheckpointPath => Checkpoint("best");

    /// <summary>The file that a process at work holds a lock on.</summary>
    internal string LockPath => File(".lock");

    /// <summary>How it stands now.</summary>
    public RunDirectoryState State =>
        RunLock.IsHeld(LockPath) ? RunDirectoryState.Running
        : !System.IO.File.Exists(ConfigPath) ? RunDirectoryState.Absent
        : System.IO.File.Exists(ResultPath) ? RunDirectoryState.Complete
        : RunDirectoryState.Resumable;

    /// <summary>A name for a run that was given none: time, text and model, such as 2026-11-29-174812-mybook-lstm512.</summary>
    public static string DatedName(DateTime time, RunSettings config)
    {
        ArgumentNullException.ThrowIfNull(config);
        (string data, string model) = config.ShortNames;
        // A name for every system: letters, digits and hyphens.
        string text = string.Concat(System.IO.Path.GetFileNameWithoutExtension(data).Select(c => char.IsLetterOrDigit(c) ? c : '-'));
        text = text.Trim('-')[..Math.Min(text.Trim('-').Length, LongestText)].TrimEnd('-');
        return $"{time.ToString("yyyy-MM-dd-HHmmss", CultureInfo.InvariantCulture)}{(text.Length > 0 ? "-" : "")}{text}-{model}";
    }

    /// <summary>Whether a name is one of <see cref="DatedName"/>, or of those that charlm gave before, which were times alone.</summary>
    public static bool IsDatedName(string name) => DatedPattern().IsMatch(name);

    /// <summary>The run in a folder that was worked on last, of those that could go on; null when there is none.</summary>
    /// <param name="parent">The folder.</param>
    /// <param name="isOne">Which runs are meant; default all.</param>
    public static RunDirectory? NewestResumable(string parent, Predicate<RunDirectory>? isOne = null) => In(parent)
        .Where(run => run.State == RunDirectoryState.Resumable && isOne?.Invoke(run) != false)
        .MaxBy(run => System.IO.File.GetLastWriteTimeUtc(
            System.IO.File.Exists(run.LastCheckpointPath) ? run.LastCheckpointPath : run.ConfigPath));

    /// <summary>The run directories in a folder, in alphabetical order.</summary>
    /// <param name="parent">The folder; a missing one has none.</param>
    public static IReadOnlyList<RunDirectory> In(string parent) => !Directory.Exists(parent) ? [] :
    [
        .. Directory.EnumerateDirectories(parent).Order(StringComparer.Ordinal)
            .Select(path => new RunDirectory(path)).Where(run => System.IO.File.Exists(run.ConfigPath)),
    ];

    /// <summary>The files of the run that are there; others that somebody put beside them are not among them.</summary>
    public IReadOnlyList<string> Files() =>
    [
        .. new[] { ConfigPath, EnvironmentPath, MetricsPath, SamplesPath, ResultPath, LastCheckpointPath, BestCheckpointPath, LockPath }
            .Concat(StepCheckpoints().Select(checkpoint => checkpoint.Path)).Where(System.IO.File.Exists),
    ];

    /// <summary>Removes the run, unless a process works in it: its own files, and its folders where nothing else is in them.</summary>
    /// <returns>Whether the directory is gone; false, and nothing touched, where it is no run that ever began.</returns>
    public bool TryRemove()
    {
        // A folder of something else may have a config.yaml, too.
        if (!System.IO.File.Exists(EnvironmentPath))
            return false;
        // The configuration goes last: until then it is a run that can be removed again.
        using (RunLock? held = RunLock.TryTake(LockPath))
        {
            if (held is null)
                return false;
            foreach (string file in Files().Where(file => file != LockPath).OrderBy(file => file == EnvironmentPath || file == ConfigPath))
                SharedFile.Delete(file);
        }
        SharedFile.Delete(LockPath);
        foreach (string folder in new[] { CheckpointsPath, Path })
        {
            if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
                SharedFile.DeleteFolder(folder);
        }
        return !Directory.Exists(Path);
    }

    /// <summary>An older checkpoint, by the steps that were done.</summary>
    internal string StepCheckpointPath(long step) => Checkpoint(StepPrefix + step.ToString(CultureInfo.InvariantCulture));

    /// <summary>The older checkpoints, newest first; other files are passed over.</summary>
    internal IReadOnlyList<(long Step, string Path)> StepCheckpoints() => !Directory.Exists(CheckpointsPath) ? [] :
    [
        .. Directory.EnumerateFiles(CheckpointsPath, StepPrefix + "*" + Extension)
            .Select(path => (Step: StepOf(path), path)).Where(file => file.Step >= 0).OrderByDescending(file => file.Step),
    ];

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}-\d{6}(-.+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex DatedPattern();

    private static long StepOf(string path) =>
        long.TryParse(System.IO.Path.GetFileNameWithoutExtension(path)[StepPrefix.Length..], NumberStyles.None,
            CultureInfo.InvariantCulture, out long step) ? step : -1;

    private string File(string name) => System.IO.Path.Combine(Path, name);

    private string Checkpoint(string name) => System.IO.Path.Combine(CheckpointsPath, name + Extension);
}

/// <summary>How a run directory stands.</summary>
public enum RunDirectoryState
{
    /// <summary>There is no run.</summary>
    Absent,

    /// <summary>A process works in it.</summary>
    Running,

    /// <summary>The run ended before its last epoch.</summary>
    Resumable,

    /// <summary>The run reached its end.</summary>
    Complete,
}

/// <summary>A run directory cannot be used; the message begins with the path.</summary>
public sealed class RunDirectoryException : Exception
{
    /// <summary>What is wrong with which run directory.</summary>
    public RunDirectoryException(string path, string problem, Exception? inner = null)
        : base($"{path}: {problem}", inner) => Path = path;

    /// <summary>The run directory, or a file of it.</summary>
    public string Path { get; }

    /// <summary>Whether another process works in it, so that the same call may do later.</summary>
    public bool IsBusy { get; init; }

    /// <summary>A file or folder that the system refuses to write.</summary>
    internal static RunDirectoryException CannotBeWritten(string path, Exception e) =>
        new(path, $"cannot be written: {e.Message.Split('\n')[0]}", e);
}
