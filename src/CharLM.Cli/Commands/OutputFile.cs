using CharLM.Checkpoints;

namespace CharLM.Cli.Commands;

/// <summary>Finds out that a file cannot be written before hours have been spent on its content.</summary>
internal static class OutputFile
{
    /// <summary>Makes the file's folder and tries whether it takes a file; leaves an existing file alone.</summary>
    /// <exception cref="CheckpointException">It does not.</exception>
    public static void Probe(string path)
    {
        try
        {
            if (Directory.Exists(path))
                throw new IOException("it is a folder");
            string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? throw new IOException("it is a folder");
            Directory.CreateDirectory(folder);
            string probe = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"cannot be written: {e.Message}", e);
        }
    }
}
