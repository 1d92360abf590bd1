using CharLM.Checkpoints;
using CharLM.Configuration;
using CharLM.Corpora;
using CharLM.Runs;

namespace CharLM.Experiments;

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
            File.Delete(FailurePath(trial));
    }

    /// <summary>What a trial's finished epochs told.</summary>
    /// <exception cref="CheckpointException">A line is damaged.</exception>
    public IReadOnlyList<RunMetrics> Metrics(Trial trial) => Of(trial).MetricsPath is var path && File.Exists(path) ? RunMetrics.Read(path) : [];

    /// <summary>What a trial has reached; null before its first epoch.</summary>
    public TrialProgress? Progress(Trial trial) => Metrics(trial) is [.., var last]
        ? new TrialProgress(last.Epoch, last.TrainPerplexity, last.HeldOutPerplexity, last.TokensPerSecond)
        : null;

    /// <summary>
    /// The first trial that was run with another configuration than the file's of now, and the settings that differ; null when
    /// there is none.
    /// </summary>
    /// <exception cref="ConfigFileException">The configuration in a run directory is damaged.</exception>
    public (RunDirectory Run, IReadOnlyList<string> Differences)? FirstOther()
    {
        foreach (Trial trial in experiment.Trials)
        {
            RunDirectory directory = Of(trial);
            if (File.Exists(directory.ConfigPath) && RunConfigFile.Differences(WithNameOf(trial, RunConfigFile.Read(directory.ConfigPath)), trial.Config) is { Count: > 0 } differences)
                return (directory, differences);
        }
        return null;
    }

    // A run writes down which text it read: of auto the one that was had, of a path the whole path.
    private static RunConfig WithNameOf(Trial trial, RunConfig before)
    {
        string corpus = trial.Config.Corpus;
        bool isSame = corpus == CorpusResolver.Auto || before.Corpus == System.IO.Path.GetFullPath(corpus);
        return isSame ? before with { Corpus = corpus } : before;
    }

    private string FailurePath(Trial trial) => System.IO.Path.Combine(Of(trial).Path, "failure.json");
}
