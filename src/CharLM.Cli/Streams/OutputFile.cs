using CharLM.Checkpoints;

namespace CharLM.Cli.Streams;

/// <summary>Files that the user names for results.</summary>
internal static class OutputFile
{
    /// <summary>Finds out that a file cannot be written before hours have been spent on its content.</summary>
    /// <exception cref="CheckpointException">It cannot.</exception>
    public static void Probe(string path)
    {
        try
        {
            AtomicFile.Probe(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Writes a text file; there is a whole one or none.</summary>
    /// <exception cref="IOException">Says which file, and why not.</exception>
    public static void Write(string path, Action<TextWriter> write)
    {
        try
        {
            AtomicFile.Write(path, stream =>
            {
                using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
                write(writer);
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path}: cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Copies a file; there is a whole copy or none.</summary>
    /// <exception cref="IOException">Says which file, and why not.</exception>
    public static void Copy(string from, string to)
    {
        try
        {
            using FileStream source = SharedFile.OpenRead(from);
            AtomicFile.Write(to, source.CopyTo);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{to}: cannot be written: {e.Message}", e);
        }
    }
}
