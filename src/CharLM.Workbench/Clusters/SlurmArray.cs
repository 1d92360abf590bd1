using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace CharLM.Workbench.Clusters;

/// <summary>Trials of an experiment as an array job of Slurm: one task for each trial.</summary>
/// <remarks>
/// A task that is told of its end (SIGUSR1, some time before the limit) saves; it is then put back into the queue and resumes, as it is
/// when its process is killed, up to a number of times. A task that is cancelled saves and stays away.
/// </remarks>
internal sealed partial record SlurmArray
{
    /// <summary>The name of the experiment's copy in the folder of a submission.</summary>
    public const string CopyFile = "experiment.yaml";

    private const string JobFile = "job";

    private const int LongestLead = 120, ShortestLead = 10;

    /// <summary>The name of the job.</summary>
    public required string Name { get; init; }

    /// <summary>The words that run a trial, but for its number.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>The trials' numbers, rising; one or more.</summary>
    public required IReadOnlyList<int> Trials { get; init; }

    /// <summary>The folder of the script and of the logs, trial-N.log; an absolute path.</summary>
    public required string Folder { get; init; }

    /// <summary>Trials that run at the same time; null for as many as there is room for.</summary>
    public int? Jobs { get; init; }

    /// <summary>Processors of each, 1 or more; default 1.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>The time limit of each, in Slurm's notation; null for the partition's.</summary>
    public string? Time { get; init; }

    /// <summary>The partition; null for the default one.</summary>
    public string? Partition { get; init; }

    /// <summary>Memory of each, in Slurm's notation; null for the partition's.</summary>
    public string? Memory { get; init; }

    /// <summary>How often a task is put back into the queue after it was saved or killed; default 20.</summary>
    public int Requeues { get; init; } = 20;

    /// <summary>Every error; empty if there is none.</summary>
    public IEnumerable<string> Errors()
    {
        if (Time is not null && !(Slurm.ParseTime(Time) is { } time && time >= TimeSpan.FromMinutes(1)))
            yield return $"time must be a minute or more, as Slurm writes it: 90 (minutes), 1:30:00, 2-12 (days and hours), not '{Time}'";
        if (Partition is not null && !Plain().IsMatch(Partition))
            yield return $"partition must be the name of one, not '{Partition}'";
        if (Memory is not null && !Amount().IsMatch(Memory))
            yield return $"memory must be a number with K, M, G or T, such as 2G, not '{Memory}'";
        if (Requeues is < 0 or > 1000)
            yield return $"requeues must be 0 to 1000, not {Requeues}";
        if (Folder.AsSpan().IndexOfAny("\"\\\n\r") >= 0)
            yield return $"Slurm cannot write logs below {Folder}: take a folder without quotes and backslashes";
    }

    /// <summary>The batch script.</summary>
    public string Script()
    {
        var script = new StringBuilder("#!/bin/bash\n");
        foreach (string option in Options())
            script.Append(CultureInfo.InvariantCulture, $"#SBATCH {option}\n");
        string words = string.Join(' ', Command.Select(Quote));
        return script.Append(
            $$"""

            # Each task is a trial. Slurm tells this script some time before the limit, and the trial saves; a cancelled task gets SIGTERM,
            # which Slurm sends to the trial, too.
            trial=$SLURM_ARRAY_TASK_ID tries=$((${SLURM_RESTART_COUNT:-0} + 1)) cancelled=
            charlm=({{words}} --trial "$trial")
            echo "trial $trial, try $tries, $(date), $(hostname)"
            "${charlm[@]}" &
            process=$!
            trap 'kill -USR1 $process 2>/dev/null' USR1
            trap 'cancelled=yes' TERM
            # A signal to this script ends wait, while the trial still saves.
            while :; do
                wait $process
                code=$?
                if [ $code -le 128 ] || ! kill -0 $process 2>/dev/null; then break; fi
            done
            # 75: saved; above 128: killed.
            if [ -z "$cancelled" ] && { [ $code -eq 75 ] || [ $code -gt 128 ]; }; then
                if [ $tries -le {{Requeues}} ]; then
                    exec scontrol requeue "${SLURM_ARRAY_JOB_ID}_$trial"
                fi
                "${charlm[@]}" --give-up "try $tries, the last, ended with $code; its log is trial-$trial.log in "{{Quote(Folder)}}
            fi
            exit $code

            """.ReplaceLineEndings("\n")).ToString();
    }

    /// <summary>Writes the script and submits it.</summary>
    /// <returns>The number of the job.</returns>
    /// <exception cref="IOException">Slurm refuses it, or a file cannot be written.</exception>
    public async Task<string> SubmitAsync(CancellationToken cancellationToken)
    {
        string path = Path.Combine(Folder, "trials.sh");
        await File.WriteAllTextAsync(path, Script(), cancellationToken);
        string answer = await Slurm.RunAsync("sbatch", ["--parsable", path], cancellationToken);
        string job = answer.Trim().Split(';')[0];
        await File.WriteAllTextAsync(Path.Combine(Folder, JobFile), job + "\n", cancellationToken);
        return job;
    }

    /// <summary>The jobs that were submitted for an experiment as it is now: in another version, trials may have other numbers.</summary>
    /// <param name="parent">The folder of its submissions.</param>
    /// <param name="file">Its file.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static IReadOnlyCollection<string> JobsOf(string parent, string file)
    {
        if (!Directory.Exists(parent))
            return [];
        string now = File.ReadAllText(file);
        return [.. Directory.EnumerateDirectories(parent)
            .Where(folder => File.Exists(Path.Combine(folder, JobFile)) && File.ReadAllText(Path.Combine(folder, CopyFile)) == now)
            .Select(folder => File.ReadAllText(Path.Combine(folder, JobFile)).Trim())];
    }

    private IEnumerable<string> Options()
    {
        yield return $"--job-name={Name}";
        yield return $"--array={Ranges()}{(Jobs is { } jobs ? $"%{jobs}" : "")}";
        yield return $"--cpus-per-task={Threads}";
        yield return $"--output=\"{Folder.Replace("%", "%%", StringComparison.Ordinal)}/trial-%a.log\"";
        yield return "--open-mode=append";
        yield return "--requeue";
        yield return $"--signal=B:USR1@{Lead}";
        if (Time is not null)
            yield return $"--time={Time}";
        if (Partition is not null)
            yield return $"--partition={Partition}";
        if (Memory is not null)
            yield return $"--mem={Memory}";
    }

    // Seconds before the limit. Saving takes a second or two, but Slurm looks only now and then.
    private int Lead => Time is not null && Slurm.ParseTime(Time) is { } time
        ? (int)Math.Clamp(time.TotalSeconds / 4, ShortestLead, LongestLead) : LongestLead;

    // 1-3,5
    private string Ranges()
    {
        var ranges = new List<(int First, int Last)>();
        foreach (int trial in Trials)
        {
            if (ranges.Count > 0 && ranges[^1].Last == trial - 1)
                ranges[^1] = (ranges[^1].First, trial);
            else
                ranges.Add((trial, trial));
        }
        return string.Join(',', ranges.Select(range => range.First == range.Last ? $"{range.First}" : $"{range.First}-{range.Last}"));
    }

    private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    [GeneratedRegex(@"\A[A-Za-z0-9_.,-]{1,200}\z")]
    private static partial Regex Plain();

    [GeneratedRegex(@"\A[1-9][0-9]{0,9}[KMGT]?\z")]
    private static partial Regex Amount();
}
