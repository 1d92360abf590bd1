namespace CharLM.Checkpoints;

/// <summary>Writes a file so that a reader sees the old content or the new, never a part.</summary>
public static class AtomicFile
{
    /// <summary>Writes to a temporary file beside the target, flushes it to the disk, and moves it into place.</summary>
    /// <param name="path">The file; its folder is made when missing. Of a link, the file that it leads to.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The old file is as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">The old file is as it was.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        (string folder, string name) = Place(path);
        Directory.CreateDirectory(folder);
        string temporary = TemporaryBeside(folder, name);
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, Path.Combine(folder, name), overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Tries whether <see cref="Write"/> could begin; leaves nothing behind, not even a missing folder.</summary>
    /// <exception cref="IOException">It could not.</exception>
    /// <exception cref="UnauthorizedAccessException">It could not.</exception>
    public static void Probe(string path)
    {
        (string folder, string name) = Place(path);
        while (!Directory.Exists(folder))
        {
            if (File.Exists(folder))
                throw new IOException($"{folder} is a file, not a folder");
            folder = Path.GetDirectoryName(folder) ?? throw new IOException($"{folder} does not exist");
        }
        string temporary = TemporaryBeside(folder, name);
        try
        {
            File.WriteAllBytes(temporary, []);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The name of the temporary file would say nothing.
            throw new IOException($"the folder {folder} takes no file: {e.Message.Replace($" : '{temporary}'", "", StringComparison.Ordinal).Replace(temporary, folder, StringComparison.Ordinal)}", e);
        }
        File.Delete(temporary);
    }

    private static (string Folder, string Name) Place(string path)
    {
        string full = Path.GetFullPath(path);
        if (new FileInfo(full) is { LinkTarget: not null } link)
            full = link.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        if (Directory.Exists(full) || Path.GetDirectoryName(full) is not { } folder)
            throw new IOException("it is a folder");
        // Moving a file onto a device would put the file in its place: with root's rights, that is the end of /dev/null.
        if (folder == "/dev")
            throw new IOException("it is a device; give a file");
        return (folder, Path.GetFileName(full));
    }

    private static string TemporaryBeside(string folder, string name) => Path.Combine(folder, $".{name}.{Guid.NewGuid():N}.tmp");
}
