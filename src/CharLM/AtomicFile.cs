using System.Runtime.InteropServices;

namespace CharLM;

/// <summary>Writes a file so that a reader sees the old content or the new, never a part.</summary>
internal static class AtomicFile
{
    private const string TemporaryExtension = ".tmp";
    private const int UniqueLength = 32;

    // Between making a file and locking it lie microseconds: an empty one that is younger may be about to be locked.
    private static readonly TimeSpan LongestBirth = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Writes to a temporary file beside the target, flushes it to the disk, and moves it into place. What writers of the same file
    /// have left that were killed is removed before.
    /// </summary>
    /// <param name="path">The file; its folder is made when missing. Of a link, the file that it leads to.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="replacing">Called when the new file is whole and on the disk, before it takes the old one's place.</param>
    /// <exception cref="IOException">The old file is as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">The old file is as it was.</exception>
    public static void Write(string path, Action<Stream> write, Action? replacing = null) => Write(path, write, replacing, Open);

    /// <summary>Writes to a stream that the caller opens, which so learns when it is flushed.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream}, Action?)"/>
    internal static void Write(string path, Action<Stream> write, Action? replacing, Func<string, FileStream> open)
    {
        ArgumentNullException.ThrowIfNull(write);
        (string folder, string name) = Place(path);
        Directory.CreateDirectory(folder);
        RemoveAbandoned(folder, name);
        string temporary = TemporaryBeside(folder, name);
        try
        {
            using FileStream stream = open(temporary);
            write(stream);
            stream.Flush(flushToDisk: true);
            replacing?.Invoke();
            SharedFile.Move(temporary, Path.Combine(folder, name));
            DiskFolder.Flush(folder);
        }
        catch
        {
            SharedFile.Delete(temporary);
            throw;
        }
    }

    // Open until it is in its place: the lock, shared so that readers may follow, tells others that its writer lives.
    private static FileStream Open(string temporary) => new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Delete);

    /// <summary>Removes what writers that were killed have left in a folder; nobody else may be writing there.</summary>
    /// <exception cref="IOException">A file cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be removed.</exception>
    public static void RemoveTemporaries(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder, $".*{TemporaryExtension}"))
        {
            if (IsUnique(Path.GetFileNameWithoutExtension(file).Split('.')[^1]))
                SharedFile.Delete(file);
        }
    }

    /// <summary>Removes what writers have left in a folder that were killed; others may be writing there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">The file that they wrote; null: any.</param>
    // The system unlocks the files of a process that dies, however it dies. What cannot be removed does no harm.
    internal static void RemoveAbandoned(string folder, string? name = null)
    {
        string begin = name is null ? "." : $".{name}.";
        foreach (string path in Directory.EnumerateFiles(folder, $".*{TemporaryExtension}"))
        {
            string file = Path.GetFileNameWithoutExtension(path);
            if (!file.StartsWith(begin, StringComparison.Ordinal) || !IsUnique(name is null ? file.Split('.')[^1] : file[begin.Length..]))
                continue;
            try
            {
                bool isAbandoned;
                using (var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                    isAbandoned = held.Length > 0 || DateTime.UtcNow - File.GetLastWriteTimeUtc(path) > LongestBirth;
                if (isAbandoned)
                    File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Its writer is at work, or it is another user's.
            }
        }
    }

    private static bool IsUnique(string word) => word.Length == UniqueLength && word.All(char.IsAsciiHexDigitLower);

    /// <summary>
    /// Tries whether <see cref="Write(string, Action{Stream}, Action?)"/> could begin; leaves nothing behind, not even a missing folder.
    /// </summary>
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
            string cause = e.Message.Replace($" : '{temporary}'", "", StringComparison.Ordinal)
                .Replace(temporary, folder, StringComparison.Ordinal);
            throw new IOException($"the folder {folder} takes no file: {cause}", e);
        }
        SharedFile.Delete(temporary);
    }

    private static (string Folder, string Name) Place(string path)
    {
        // Of a device's name, Windows makes the path of the device.
        if (OperatingSystem.IsWindows() && PortableName.ErrorOf(Path.GetFileName(path)) is { } error)
            throw new IOException(error);
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

    private static string TemporaryBeside(string folder, string name) =>
        Path.Combine(folder, $".{name}.{Guid.NewGuid():N}{TemporaryExtension}");
}

/// <summary>Flushes folders to the disk: a file that was renamed survives a power failure only when its folder does.</summary>
internal static partial class DiskFolder
{
    private const int ReadOnly = 0;

    /// <summary>Flushes a folder; where the system cannot do that (Windows, some network file systems), nothing happens.</summary>
    public static void Flush(string folder)
    {
        // .NET opens no folders.
        if (OperatingSystem.IsWindows() || Open(folder, ReadOnly) is not (>= 0 and int handle))
            return;
        _ = Synchronize(handle);
        _ = Close(handle);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Synchronize(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);
}
