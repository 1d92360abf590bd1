using System.Collections.Concurrent;
using System.Text.Json;
using CharLM.Figures.Tables;

namespace CharLM.Figures;

/// <summary>A training run that a table needs.</summary>
/// <param name="Name">The name of its file.</param>
/// <param name="Words">The options of <c>charlm train</c>, the seed among them.</param>
/// <param name="Folder">The folder in which it runs.</param>
internal sealed record Job(string Name, string[] Words, string Folder);

/// <summary>What a run gave.</summary>
internal sealed record KeptRun
{
    /// <summary>The commit of the program.</summary>
    public required string Commit { get; init; }

    /// <summary>The day.</summary>
    public required string Date { get; init; }

    /// <summary>The processor.</summary>
    public required string Machine { get; init; }

    /// <summary>Its settings: <see cref="Charlm.SettingsOf"/>.</summary>
    public required string[] Settings { get; init; }

    /// <summary>The command, for readers of the file.</summary>
    public required string Command { get; init; }

    /// <summary>What <c>charlm train --json</c> printed.</summary>
    public required JsonElement Output { get; init; }

    /// <summary>A number of the output.</summary>
    /// <param name="path">Its names.</param>
    public double Number(params string[] path) => path.Aggregate(Output, (at, name) => at.GetProperty(name)).GetDouble();
}

/// <summary>
/// Finished runs in artifacts/figures: a script that is called again continues. A run counts as long as its settings are the same, also
/// at a later commit; tables name the commits of all their runs.
/// </summary>
internal sealed class KeptRuns(string name)
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly string _folder = Path.Combine(Charlm.Root, "artifacts", "figures", name);
    private readonly Dictionary<string, KeptRun?> _read = [];
    private readonly Lock _lock = new();

    /// <summary>A finished run, or null.</summary>
    /// <param name="job">The run.</param>
    public KeptRun? Find(Job job)
    {
        lock (_lock)
        {
            if (_read.TryGetValue(job.Name, out KeptRun? known))
                return known;
        }
        KeptRun? run = File.Exists(PathOf(job)) ? JsonSerializer.Deserialize<KeptRun>(File.ReadAllText(PathOf(job)), Options) : null;
        // A setting that a later commit added does what the program did before, unless somebody chose otherwise for this row.
        if (run?.Settings.Except(Charlm.SettingsOf(job.Words, job.Folder)).FirstOrDefault() is { } other)
        {
            Console.Error.WriteLine($"{job.Name}: no longer '{other.Trim()}' as at {run.Commit}, so it has to run again");
            run = null;
        }
        lock (_lock)
            return _read[job.Name] = run;
    }

    /// <summary>Runs what is not finished, so many at a time, each on one thread, and keeps it.</summary>
    /// <param name="jobs">All runs, the most important first.</param>
    /// <param name="atOnce">How many at a time.</param>
    /// <exception cref="InvalidOperationException">One failed; those that had begun beside it are finished and kept.</exception>
    public void Finish(IReadOnlyCollection<Job> jobs, int atOnce)
    {
        Directory.CreateDirectory(_folder);
        Job[] left = [.. jobs.Where(job => Find(job) is null)];
        int done = jobs.Count - left.Length;
        try
        {
            Parallel.ForEach(
                Partitioner.Create(left, EnumerablePartitionerOptions.NoBuffering),
                new ParallelOptions { MaxDegreeOfParallelism = atOnce },
                job =>
                {
                    KeptRun run = Run(job);
                    lock (_lock)
                        _read[job.Name] = run;
                    Console.Error.WriteLine($"{Interlocked.Increment(ref done)}/{jobs.Count}  {job.Name}: training perplexity "
                        + $"{Numbers.Show(run.Number("train_perplexity"))}, {run.Number("seconds"):0} s");
                });
        }
        catch (AggregateException e) when (e.InnerExceptions.FirstOrDefault(one => one is InvalidOperationException) is { } first)
        {
            throw new InvalidOperationException($"{first.Message}; {done} of {jobs.Count} runs are kept", e);
        }
    }

    /// <summary>Whether no run is finished, as in a new checkout.</summary>
    public bool IsEmpty => !Directory.Exists(_folder) || !Directory.EnumerateFiles(_folder, "*.json").Any();

    /// <summary>Refuses to make a table of nothing: in a new checkout it would wipe out the one that is there.</summary>
    /// <param name="script">The script that runs what is missing.</param>
    /// <exception cref="InvalidOperationException">No run is finished.</exception>
    public void ThrowIfEmpty(string script)
    {
        if (IsEmpty)
            throw new InvalidOperationException($"no run is finished in this checkout: call {script}");
    }

    /// <summary>Forgets all finished runs.</summary>
    public void Clear()
    {
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    private KeptRun Run(Job job)
    {
        var run = new KeptRun
        {
            Commit = Charlm.Commit,
            Date = Charlm.Today,
            Machine = Charlm.Machine,
            Settings = Charlm.SettingsOf(job.Words, job.Folder),
            Command = $"charlm train {string.Join(' ', job.Words)} --threads 1",
            Output = Charlm.Train([.. job.Words, "--threads", "1"], job.Folder),
        };
        // Killed while it writes, a run is not half finished.
        File.WriteAllText(PathOf(job) + ".new", JsonSerializer.Serialize(run, Options) + "\n");
        File.Move(PathOf(job) + ".new", PathOf(job), overwrite: true);
        return run;
    }

    private string PathOf(Job job) => Path.Combine(_folder, job.Name + ".json");
}
