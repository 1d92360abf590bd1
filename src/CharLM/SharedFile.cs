namespace CharLM;

/// <summary>Opens, moves and removes files that other programs may have open.</summary>
/// <remarks>
/// Windows refuses to open, replace or remove a file that another program holds without sharing it: three milliseconds of a virus
/// scanner could end a run of hours. Files read here are shared for everything, and refused operations are retried for five seconds.
/// Other systems never refuse in this way.
/// </remarks>
internal static class SharedFile
{
    private const int SharingViolation = unchecked((int)0x80070020), LockViolation = unchecked((int)0x80070021);
    private const int MappedByAnother = unchecked((int)0x800704C8), FolderNotEmpty = unchecked((int)0x80070091);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10), LongestPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Opens a file for reading; others may still write, replace or remove it.</summary>
    public static FileStream OpenRead(string path) =>
        Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Opens a file; with a buffer size of 0, every write goes to the system at once.</summary>
    public static FileStream Open(string path, FileMode mode, FileAccess access, FileShare share, int bufferSize = 4096) =>
        Persist(() => new FileStream(path, mode, access, share, bufferSize), IsHeld);

    /// <summary>The text of a file.</summary>
    public static string ReadText(string path)
    {
        using var reader = new StreamReader(OpenRead(path));
        return reader.ReadToEnd();
    }

    /// <summary>Renames a file, by default replacing one that has the new name.</summary>
    public static void Move(string from, string to, bool overwrite = true) => Persist(
        () =>
        {
            File.Move(from, to, overwrite);
            return true;
        },
        e => IsHeld(e) || (overwrite && IsDenied(e) && (MayGo(from) || MayGo(to))));

    /// <summary>Removes a file; does nothing when it is missing.</summary>
    public static void Delete(string path) => Persist(
        () =>
        {
            File.Delete(path);
            return true;
        },
        e => IsHeld(e) || (IsDenied(e) && MayGo(path)));

    /// <summary>Removes an empty folder. Files removed from it may linger until the last program that has them open closes them.</summary>
    public static void DeleteFolder(string path) => Persist(
        () =>
        {
            Directory.Delete(path);
            return true;
        },
        e => IsHeld(e) || (e.HResult == FolderNotEmpty && !Directory.EnumerateFileSystemEntries(path).Any()));

    /// <summary>Runs an action, and retries it for five seconds while another program holds the file.</summary>
    /// <param name="action">The action.</param>
    /// <param name="isHeld">Whether a failure is temporary.</param>
    /// <param name="wait">Waits between tries; default sleeps.</param>
    internal static T Persist<T>(Func<T> action, Func<Exception, bool> isHeld, Action<TimeSpan>? wait = null)
    {
        TimeSpan waited = TimeSpan.Zero;
        for (TimeSpan pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                return action();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException && waited < Patience && isHeld(e))
            {
                (wait ?? Thread.Sleep)(pause);
                waited += pause;
            }
        }
    }

    /// <summary>Whether Windows reports that another program holds the file; other systems have other codes.</summary>
    internal static bool IsHeld(Exception e) => e.HResult is SharingViolation or LockViolation or MappedByAnother;

    // Windows also denies access when a file to be replaced or removed is open elsewhere.
    private static bool IsDenied(Exception e) => OperatingSystem.IsWindows() && e is UnauthorizedAccessException;

    // For a folder or a read-only file the refusal is permanent.
    private static bool MayGo(string path)
    {
        try
        {
            return (File.GetAttributes(path) & (FileAttributes.Directory | FileAttributes.ReadOnly)) == 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
