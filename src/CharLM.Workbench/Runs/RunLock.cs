namespace CharLM.Workbench.Runs;

/// <summary>A lock on a run directory that dies with its owner: the system takes it back, however the process ends.</summary>
internal sealed class RunLock : IDisposable
{
    // Somebody who only asks for the state holds it for a moment, and so may a virus scanner or an indexer.
    private const int Tries = 15;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <param name="path">Its file; made when missing.</param>
    /// <returns>Null when another process, or another part of this one, holds it.</returns>
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

    /// <summary>Whether somebody holds the lock.</summary>
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

    // FileShare.None is flock's exclusive lock on Unix, and the system's own on Windows. Null when it is held.
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

    // EWOULDBLOCK of Linux and macOS, ERROR_SHARING_VIOLATION of Windows.
    private static bool IsSharingError(IOException e) => e.HResult is 11 or 35 || (e.HResult & 0xFFFF) == 32;
}
