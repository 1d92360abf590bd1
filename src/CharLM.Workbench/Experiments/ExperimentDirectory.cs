using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Workbench.Configuration;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Experiments;

/// <summary>The run directories of an experiment: PARENT/EXPERIMENT/TRIAL.</summary>
/// <param name="experiment">The experiment.</param>
/// <param name="parent">The folder of all runs; not created.</param>
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

    /// <summary>The status of all trials, in order.</summary>
    public IReadOnlyList<TrialStatus> Status() => [.. experiment.Trials.Select(Status)];

    /// <summary>The status of a trial.</summary>
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

    /// <summary>Records a trial's failure in its run directory, until the trial runs again.</summary>
    /// <param name="trial">The trial; no process may be working on it.</param>
    /// <param name="problem">The reason.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Writing is not permitted.</exception>
    public void RecordFailure(Trial trial, string problem)
    {
        byte[] line = RecordFile.Line(new TrialFailure { Problem = problem, Time = DateTimeOffset.UtcNow });
        AtomicFile.Write(FailurePath(trial), stream => stream.Write(line));
    }

    /// <summary>Removes the record of a failure when the trial runs again.</summary>
    /// <exception cref="IOException">The record cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">Removing the record is not permitted.</exception>
    public void ForgetFailure(Trial trial)
    {
        if (File.Exists(FailurePath(trial)))
            SharedFile.Delete(FailurePath(trial));
    }

    /// <summary>The metrics of a trial's finished epochs.</summary>
    /// <exception cref="CheckpointException">A line is damaged.</exception>
    public IReadOnlyList<EpochMetrics> Metrics(Trial trial) =>
        Of(trial).MetricsPath is var path && File.Exists(path) ? EpochMetrics.Read(path) : [];

    /// <summary>A trial's last finished epoch; null before the first.</summary>
    public EpochMetrics? Progress(Trial trial) => Metrics(trial) is [.., var last] ? last : null;

    /// <summary>
    /// The corpus of a trial. <see cref="CorpusResolver.Auto"/> becomes the corpus recorded for this experiment, once there is one, since
    /// trials on different texts are not comparable.
    /// </summary>
    /// <exception cref="IOException">The record cannot be read.</exception>
    public CorpusNames CorpusOf(Trial trial)
    {
        ArgumentNullException.ThrowIfNull(trial);
        if (!trial.Config.Corpus.IsAuto)
            return trial.Config.Corpus;
        if (File.Exists(AutoPath))
            return SharedFile.ReadText(AutoPath).Trim();
        // Older experiments have no record, but their runs' configurations name the corpus.
        return experiment.Trials.Where(other => other.Config.Corpus.IsAuto).Select(other => Of(other).ConfigPath)
            .Where(File.Exists).Select(path => RunConfigFile.Read(path).Corpus).FirstOrDefault() ?? CorpusResolver.Auto;
    }

    /// <summary>
    /// Records which corpus <see cref="CorpusResolver.Auto"/> means for this experiment, unless that is recorded already.
    /// </summary>
    /// <returns>The recorded corpus.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Writing is not permitted.</exception>
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
            // Another trial was faster: its record counts.
        }
        finally
        {
            SharedFile.Delete(mine);
        }
        return SharedFile.ReadText(AutoPath).Trim();
    }

    /// <summary>
    /// The first trial that ran with another configuration than the file's current one, or on another text, and the differences; null if
    /// there is none. How often a run saves, and what its samples continue, may differ.
    /// </summary>
    /// <param name="textOf">SHA-256 of a corpus in its current state, hexadecimal; null if unknown: then the trials are compared with
    /// each other.</param>
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
            // The text's checksum matters more than its location.
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

    // Checksum of a run's training text; null if unknown.
    private static string? TextOf(RunDirectory directory) =>
        File.Exists(directory.EnvironmentPath) ? RunEnvironment.Read(directory.EnvironmentPath).CorpusSha256
        : File.Exists(directory.ResultPath) ? RunSummary.Read(directory.ResultPath).CorpusSha256
        : null;

    // A run records the text that it read: the resolved one for auto, the full path for a path.
    private static RunConfig WithNameOf(Trial trial, RunConfig before)
    {
        CorpusNames corpus = trial.Config.Corpus;
        bool isSame = corpus.IsAuto || before.Corpus.Equals(corpus.Map(System.IO.Path.GetFullPath));
        return isSame ? before with { Corpus = corpus } : before;
    }

    // Settings that change no figure.
    private static RunConfig WithTrifles(RunConfig before, RunConfig now) => before with
    {
        CheckpointEvery = now.CheckpointEvery,
        CheckpointPath = now.CheckpointPath,
        KeepLast = now.KeepLast,
        SampleEvery = now.SampleEvery,
        SampleLength = now.SampleLength,
        Prefix = now.Prefix,
    };

    private string AutoPath => System.IO.Path.Combine(Path, "auto.txt");

    private string FailurePath(Trial trial) => System.IO.Path.Combine(Of(trial).Path, "failure.json");
}
