using CharLM.Checkpoints;

namespace CharLM.Cli.Streams;

/// <summary>Writes result files that the user named.</summary>
internal static class OutputFile
{
    /// <summary>Checks that a file can be written, before hours of work on its content.</summary>
    /// <exception cref="CheckpointException">It cannot be written.</exception>
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

    /// <summary>Writes a text file atomically.</summary>
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

    /// <summary>Copies a file atomically.</summary>
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
