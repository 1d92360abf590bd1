namespace CharLM.Workbench.Runs;

/// <summary>A lock on a run directory that ends with its process: the system releases it, however the process ends.</summary>
internal sealed class RunLock : IDisposable
{
    // A process that queries the state holds the lock for a moment, as may a virus scanner or an indexer.
    private const int Tries = 15;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <param name="path">The lock file; created if missing.</param>
    /// <returns>Null if another process, or another part of this one, holds the lock.</returns>
    public static RunLock? TryTake(string path)
    {
        for (int attempt = 1; ; attempt++)
        {
            if (TryOpen(path, FileMode.OpenOrCreate) is { } file)
                return new RunLock(file);
            if (attempt == Tries)
                return null;
            Thread.Sleep(Pause);
        }
    }

    /// <summary>Whether the lock is held.</summary>
    public static bool IsHeld(string path)
    {
        if (!File.Exists(path))
            return false;
        try
        {
            using FileStream? file = TryOpen(path, FileMode.Open);
            return file is null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // FileShare.None is an exclusive flock on Unix and exclusive sharing on Windows. Returns null if the lock is held.
    private static FileStream? TryOpen(string path, FileMode mode)
    {
        try
        {
            return new FileStream(path, mode, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException) && IsSharingError(e))
        {
            return null;
        }
    }

    // EWOULDBLOCK on Linux and macOS, ERROR_SHARING_VIOLATION on Windows.
    private static bool IsSharingError(IOException e) => e.HResult is 11 or 35 || (e.HResult & 0xFFFF) == 32;
}
