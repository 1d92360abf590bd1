using CharLM.Checkpoints;

namespace CharLM.Workbench.Runs;

/// <summary>
/// The newest checkpoint of a run directory that is whole and can be gone on from; null when there is none at all. Those that are not
/// whole are passed over.
/// </summary>
/// <param name="Checkpoint">The checkpoint.</param>
/// <param name="Path">Its file.</param>
/// <param name="Damaged">The files that were passed over.</param>
/// <param name="Warnings">What is wrong with them, and which file it is instead.</param>
internal sealed record NewestCheckpoint(
    IRunCheckpoint Checkpoint, string Path, IReadOnlyList<string> Damaged, IReadOnlyList<string> Warnings)
{
    /// <summary>What is put behind the name of a file that is set aside.</summary>
    public const string DamagedExtension = ".bad";

    /// <summary>Finds it; nothing is changed.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="read">Reads a checkpoint.</param>
    /// <exception cref="RunDirectoryException">There are checkpoints, but none is whole.</exception>
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
                    throw new CheckpointException(path, "holds a model, but no state to go on from");
                IEnumerable<string> warnings = problems.Select(damaged =>
                    $"{damaged.Problem}; it is set aside as {System.IO.Path.GetFileName(damaged.Path)}{DamagedExtension}");
                return new NewestCheckpoint(checkpoint, path, [.. problems.Select(damaged => damaged.Path)],
                    problems.Count == 0 ? [] : [.. warnings, $"goes on from {path}, the newest checkpoint that is whole"]);
            }
            catch (CheckpointException e)
            {
                problems.Add((path, e.Message));
            }
        }
        return all.Length == 0 ? null
            : throw new RunDirectoryException(
                directory.Path,
                $"none of its checkpoints can be gone on from: {string.Join("; ", problems.Select(damaged => damaged.Problem))}");
    }
}
