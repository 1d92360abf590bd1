using CharLM.Checkpoints;

namespace CharLM.Workbench.Runs;

/// <summary>The newest intact, resumable checkpoint of a run directory. Damaged ones are skipped.</summary>
/// <param name="Checkpoint">The checkpoint.</param>
/// <param name="Path">Its file.</param>
/// <param name="Damaged">The skipped files.</param>
/// <param name="Warnings">The problems of the skipped files, and the file used instead.</param>
internal sealed record NewestCheckpoint(
    IRunCheckpoint Checkpoint, string Path, IReadOnlyList<string> Damaged, IReadOnlyList<string> Warnings)
{
    /// <summary>The extension added to the name of a damaged file.</summary>
    public const string DamagedExtension = ".bad";

    /// <summary>Finds the checkpoint without changing anything; null if there are no checkpoints.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="read">Reads a checkpoint.</param>
    /// <exception cref="RunDirectoryException">There are checkpoints, but none is intact.</exception>
    public static NewestCheckpoint? Find(RunDirectory directory, Func<string, IRunCheckpoint> read)
    {
        var problems = new List<(string Path, string Problem)>();
        string[] all = [.. File.Exists(directory.LastCheckpointPath) ? [directory.LastCheckpointPath] : Array.Empty<string>(),
            .. directory.StepCheckpoints().Select(file => file.Path)];
        foreach (string path in all)
        {
            try
            {
                IRunCheckpoint checkpoint = read(path);
                if (checkpoint.Resume is null)
                    throw new CheckpointException(path, "holds a model, but no state to resume from");
                IEnumerable<string> warnings = problems.Select(damaged =>
                    $"{damaged.Problem}; it is set aside as {System.IO.Path.GetFileName(damaged.Path)}{DamagedExtension}");
                return new NewestCheckpoint(checkpoint, path, [.. problems.Select(damaged => damaged.Path)],
                    problems.Count == 0 ? [] : [.. warnings, $"continues from {path}, the newest intact checkpoint"]);
            }
            catch (CheckpointException e)
            {
                problems.Add((path, e.Message));
            }
        }
        return all.Length == 0 ? null
            : throw new RunDirectoryException(
                directory.Path,
                $"none of its checkpoints can be resumed: {string.Join("; ", problems.Select(damaged => damaged.Problem))}");
    }
}
