using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Workbench.Configuration;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Experiments;

/// <summary>Where the run directories of an experiment lie: PARENT/EXPERIMENT/TRIAL.</summary>
/// <param name="experiment">The experiment.</param>
/// <param name="parent">The folder of all runs; nothing is made.</param>
public sealed class ExperimentDirectory(Experiment experiment, string parent = RunDirectory.DefaultParent)
{
    /// <summary>The experiment's own folder.</summary>
    public string Path { get; } = System.IO.Path.Combine(parent, experiment.Name);

    /// <summary>The run directory of a trial.</summary>
    public RunDirectory Of(Trial trial)
    {
        ArgumentNullException.ThrowIfNull(trial);
        return new RunDirectory(System.IO.Path.Combine(Path, trial.Id));
    }

    /// <summary>How all trials stand, in order.</summary>
    public IReadOnlyList<TrialStatus> Status() => [.. experiment.Trials.Select(Status)];

    /// <summary>How a trial stands.</summary>
    /// <exception cref="CheckpointException">A file of its run directory is damaged.</exception>
    public TrialStatus Status(Trial trial)
    {
        RunDirectory directory = Of(trial);
        bool hasFailed = File.Exists(FailurePath(trial));
        TrialState state = directory.State switch
        {
            RunDirectoryState.Running => TrialState.Running,
            RunDirectoryState.Complete => TrialState.Finished,
            _ when hasFailed => TrialState.Failed,
            RunDirectoryState.Resumable => TrialState.Resumable,
            _ => TrialState.Waiting,
        };
        return new TrialStatus(trial, state)
        {
            Progress = Progress(trial),
            Result = state == TrialState.Finished ? TrialResult.Read(directory) : null,
            Problem = state == TrialState.Failed ? RecordFile.Read<TrialFailure>(FailurePath(trial)).Problem : null,
        };
    }

    /// <summary>Keeps in a trial's run directory that it failed, until it is run again.</summary>
    /// <param name="trial">The trial; nobody works on it.</param>
    /// <param name="problem">Why.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public void RecordFailure(Trial trial, string problem)
    {
        byte[] line = RecordFile.Line(new TrialFailure { Problem = problem, Time = DateTimeOffset.UtcNow });
        AtomicFile.Write(FailurePath(trial), stream => stream.Write(line));
    }

    /// <summary>A trial is run again: how it failed before is no longer so.</summary>
    /// <exception cref="IOException">What was kept cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">What was kept may not be removed.</exception>
    public void ForgetFailure(Trial trial)
    {
        if (File.Exists(FailurePath(trial)))
            SharedFile.Delete(FailurePath(trial));
    }

    /// <summary>What a trial's finished epochs told.</summary>
    /// <exception cref="CheckpointException">A line is damaged.</exception>
    public IReadOnlyList<EpochMetrics> Metrics(Trial trial) =>
        Of(trial).MetricsPath is var path && File.Exists(path) ? EpochMetrics.Read(path) : [];

    /// <summary>What a trial has reached; null before its first epoch.</summary>
    public EpochMetrics? Progress(Trial trial) => Metrics(trial) is [.., var last] ? last : null;

    /// <summary>
    /// The corpus of a trial: of <see cref="CorpusResolver.Auto"/>, the one that this experiment has, once there is one, since two
    /// trials on different texts do not compare.
    /// </summary>
    /// <exception cref="IOException">What was kept cannot be read.</exception>
    public CorpusNames CorpusOf(Trial trial)
    {
        ArgumentNullException.ThrowIfNull(trial);
        if (!trial.Config.Corpus.IsAuto)
            return trial.Config.Corpus;
        if (File.Exists(AutoPath))
            return SharedFile.ReadText(AutoPath).Trim();
        // Runs that were made before that was kept say it themselves.
        return experiment.Trials.Where(other => other.Config.Corpus.IsAuto).Select(other => Of(other).ConfigPath)
            .Where(File.Exists).Select(path => RunConfigFile.Read(path).Corpus).FirstOrDefault() ?? CorpusResolver.Auto;
    }

    /// <summary>Keeps which corpus <see cref="CorpusResolver.Auto"/> is for this experiment, unless that is kept already.</summary>
    /// <returns>The one that is kept.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public string KeepAuto(string corpus)
    {
        Directory.CreateDirectory(Path);
        string mine = $"{AutoPath}.{Guid.NewGuid():N}";
        try
        {
            File.WriteAllText(mine, corpus + "\n");
            SharedFile.Move(mine, AutoPath, overwrite: false);
        }
        catch (IOException) when (File.Exists(AutoPath))
        {
            // Another trial was faster: its word counts.
        }
        finally
        {
            SharedFile.Delete(mine);
        }
        return SharedFile.ReadText(AutoPath).Trim();
    }

    /// <summary>
    /// The first trial that was run with another configuration than the file's of now, or on another text, and what differs; null when
    /// there is none. How often a run saves, and what its samples continue, may change.
    /// </summary>
    /// <param name="textOf">SHA-256 of a corpus as it is now, hexadecimal; null where that is not known: then the trials are compared
    /// with each other.</param>
    /// <exception cref="ConfigFileException">The configuration in a run directory is damaged.</exception>
    /// <exception cref="CheckpointException">Another file there is damaged.</exception>
    public (RunDirectory Run, IReadOnlyList<string> Differences)? FirstOther(Func<CorpusNames, string?> textOf)
    {
        ArgumentNullException.ThrowIfNull(textOf);
        var texts = new Dictionary<CorpusNames, (string Text, string Where)>();
        foreach (Trial trial in experiment.Trials)
        {
            RunDirectory directory = Of(trial);
            if (!File.Exists(directory.ConfigPath))
                continue;
            CorpusNames corpus = trial.Config.Corpus;
            string? text = TextOf(directory), now = textOf(corpus);
            RunConfig before = WithTrifles(RunConfigFile.Read(directory.ConfigPath), trial.Config);
            // The text itself tells more than where it lay.
            before = text is not null && now is not null ? before with { Corpus = corpus } : WithNameOf(trial, before);
            List<string> differences = [.. RunConfigFile.Differences(before, trial.Config)];
            if (!texts.TryGetValue(corpus, out (string Text, string Where) due) && (now ?? text) is { } first)
                texts[corpus] = due = now is null ? (first, $"that of {directory.Path}") : (first, $"that of {corpus} now");
            if (text is not null && due.Text is not null && text != due.Text)
                differences.Add($"SHA-256 of the text {text}, {due.Where} {due.Text}");
            if (differences.Count > 0)
                return (directory, differences);
        }
        return null;
    }

    // What a run was trained on; null when that is not known.
    private static string? TextOf(RunDirectory directory) =>
        File.Exists(directory.EnvironmentPath) ? RunEnvironment.Read(directory.EnvironmentPath).CorpusSha256
        : File.Exists(directory.ResultPath) ? RunSummary.Read(directory.ResultPath).CorpusSha256
        : null;

    // A run writes down which text it read: of auto the one that was had, of a path the whole path.
    private static RunConfig WithNameOf(Trial trial, RunConfig before)
    {
        CorpusNames corpus = trial.Config.Corpus;
        bool isSame = corpus.IsAuto || before.Corpus.Equals(corpus.Map(System.IO.Path.GetFullPath));
        return isSame ? before with { Corpus = corpus } : before;
    }

    // What changes no figure.
    private static RunConfig WithTrifles(RunConfig before, RunConfig now) => before with
    {
        CheckpointEvery = now.CheckpointEvery,
        CheckpointPath = now.CheckpointPath,
        CellsFile = now.CellsFile,
        KeepLast = now.KeepLast,
        SampleEvery = now.SampleEvery,
        SampleLength = now.SampleLength,
        Prefix = now.Prefix,
    };

    private string AutoPath => System.IO.Path.Combine(Path, "auto.txt");

    private string FailurePath(Trial trial) => System.IO.Path.Combine(Of(trial).Path, "failure.json");
}
