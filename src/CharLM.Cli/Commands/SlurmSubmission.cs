using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Workbench.Clusters;
using CharLM.Workbench.Experiments;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary>An experiment on a cluster: submits its trials, and tells which of them wait there or run.</summary>
internal static class SlurmSubmission
{
    private const string Folder = "_slurm"; // no trial's folder begins with _

    /// <summary>Submits the trials that are neither finished nor in the queue already, and says how to watch them.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="file">The experiment's file, of which the job gets a copy: trials are numbered by it.</param>
    /// <param name="directory">The experiment's runs.</param>
    /// <param name="job">The job; its trials, folder and command are set here.</param>
    /// <param name="options">Further options of each trial.</param>
    /// <param name="json">Whether to print JSON.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task SubmitAsync(
        ParseResult parse, string file, ExperimentDirectory directory, SlurmArray job, IReadOnlyList<string> options, bool json,
            CancellationToken cancellationToken)
    {
        TextWriter output = parse.InvocationConfiguration.Output;
        IReadOnlyList<TrialStatus> trials = await WithQueueAsync(file, directory, cancellationToken);
        int[] due = [.. trials.Where(status => status.State is not (TrialState.Finished or TrialState.Running or TrialState.Queued))
            .Select(status => status.Trial.Number)];
        if (due.Length == 0)
        {
            if (json)
                output.WriteLine(JsonOutput.Line(new { Job = (string?)null, Trials = due }));
            else
                output.WriteLine("nothing to submit: every trial is finished, running or in the queue");
            return;
        }
        string parent = Path.GetFullPath(Path.Combine(directory.Path, Folder));
        int number = 1;
        while (Directory.Exists(Path.Combine(parent, $"{number}")))
            number++;
        string folder = Path.Combine(parent, $"{number}"), copy = Path.Combine(folder, SlurmArray.CopyFile);
        job = job with
        {
            Folder = folder,
            Trials = due,
            Command =
            [
                .. TrialProcess.Program, "experiment", "run", copy, ExperimentCommand.AsOption, Path.GetFullPath(file),
                "--runs", Path.GetFullPath(Path.GetDirectoryName(directory.Path)!), .. options,
            ],
        };
        InvalidConfigException.ThrowIfAny(job.Errors());
        Directory.CreateDirectory(folder);
        File.Copy(file, copy);
        string id = await job.SubmitAsync(cancellationToken);
        if (json)
        {
            output.WriteLine(JsonOutput.Line(new { Job = id, Trials = due, Folder = folder }));
            return;
        }
        string atATime = job.Jobs is { } jobs ? $", {jobs} at a time" : "";
        output.WriteLine($"submitted job {id}: {due.Length} trial{(due.Length == 1 ? "" : "s")}{atATime}, {job.Threads} "
            + $"processor{(job.Threads == 1 ? "" : "s")} each");
        output.WriteLine($"watch:   charlm experiment plan {Printable.Text(file)}");
        output.WriteLine($"results: charlm experiment report {Printable.Text(file)}");
        output.WriteLine($"logs:    {Printable.Text(folder)}/trial-N.log");
        output.WriteLine($"stop:    scancel {id}");
    }

    /// <summary>The states of trials, with those that wait in the queue or run on another machine.</summary>
    /// <exception cref="IOException">Trials were submitted, and Slurm does not answer.</exception>
    public static async Task<IReadOnlyList<TrialStatus>> WithQueueAsync(
        string file, ExperimentDirectory directory, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<int, bool> tasks = await Slurm.QueueAsync(
            SlurmArray.JobsOf(Path.Combine(directory.Path, Folder), file), cancellationToken);
        return [.. directory.Status().Select(InQueue)];

        TrialStatus InQueue(TrialStatus status) =>
            status.State == TrialState.Finished || !tasks.TryGetValue(status.Trial.Number, out bool runs) ? status
                : status with { State = runs ? TrialState.Running : TrialState.Queued, Problem = null };
    }
}
