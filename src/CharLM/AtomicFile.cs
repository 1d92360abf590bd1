using System.Runtime.InteropServices;

namespace CharLM;

/// <summary>Writes a file so that readers see either the old content or the new, never a part.</summary>
internal static class AtomicFile
{
    private const string TemporaryExtension = ".tmp";
    private const int UniqueLength = 32;

    // A file is locked microseconds after it is created: an empty one younger than this may be about to be locked.
    private static readonly TimeSpan LongestBirth = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Writes to a temporary file beside the target, flushes it to the disk, and moves it into place. Temporary files that killed writers
    /// of the same file left behind are removed first.
    /// </summary>
    /// <param name="path">The file; its folder is created when missing, and a link is followed.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="replacing">Called when the new file is complete on disk, before it replaces the old one.</param>
    /// <exception cref="IOException">Writing failed; the old file is unchanged.</exception>
    /// <exception cref="UnauthorizedAccessException">Writing failed; the old file is unchanged.</exception>
    public static void Write(string path, Action<Stream> write, Action? replacing = null) => Write(path, write, replacing, Open);

    /// <summary>Writes to a stream that the caller opens, so that a test can observe when it is flushed.</summary>
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

    // Kept open until it is in place: the lock tells others that its writer is alive, and sharing allows the move.
    private static FileStream Open(string temporary) => new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Delete);

    /// <summary>Removes temporary files that killed writers left in a folder; no other writer may be active there.</summary>
    /// <exception cref="IOException">A file cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">Removing a file is not permitted.</exception>
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
    // The system unlocks the files of a dead process. Files that cannot be removed do no harm.
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
                // Its writer is active, or it belongs to another user.
            }
        }
    }

    private static bool IsUnique(string word) => word.Length == UniqueLength && word.All(char.IsAsciiHexDigitLower);

    /// <summary>
    /// Checks whether <see cref="Write(string, Action{Stream}, Action?)"/> could start; leaves nothing behind and creates no folder.
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
            // The name of the temporary file would mean nothing to the user.
            string cause = e.Message.Replace($" : '{temporary}'", "", StringComparison.Ordinal)
                .Replace(temporary, folder, StringComparison.Ordinal);
            throw new IOException($"cannot create a file in the folder {folder}: {cause}", e);
        }
        SharedFile.Delete(temporary);
    }

    private static (string Folder, string Name) Place(string path)
    {
        // Windows turns a device's name into the path of the device.
        if (OperatingSystem.IsWindows() && PortableName.ErrorOf(Path.GetFileName(path)) is { } error)
            throw new IOException(error);
        string full = Path.GetFullPath(path);
        if (new FileInfo(full) is { LinkTarget: not null } link)
            full = link.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        if (Directory.Exists(full) || Path.GetDirectoryName(full) is not { } folder)
            throw new IOException("it is a folder");
        // Moving a file onto a device would replace it: as root, that would destroy /dev/null.
        if (folder == "/dev")
            throw new IOException("it is a device; give a file");
        return (folder, Path.GetFileName(full));
    }

    private static string TemporaryBeside(string folder, string name) =>
        Path.Combine(folder, $".{name}.{Guid.NewGuid():N}{TemporaryExtension}");
}

/// <summary>Flushes folders to the disk: a rename survives a power failure only once its folder has been flushed.</summary>
internal static partial class DiskFolder
{
    private const int ReadOnly = 0;

    /// <summary>Flushes a folder; does nothing where the system cannot (Windows, some network file systems).</summary>
    public static void Flush(string folder)
    {
        // .NET cannot open folders.
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
