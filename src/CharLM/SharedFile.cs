namespace CharLM;

/// <summary>Opens, moves and removes files that other programs may have open at that moment.</summary>
/// <remarks>
/// Windows replaces and removes no file that somebody has open who does not share that, and opens none that somebody keeps to himself: a
/// virus scanner of three milliseconds would end a run of hours. What is read here is shared for everything, and what is refused is tried
/// again for five seconds. Other systems refuse nothing of the kind.
/// </remarks>
internal static class SharedFile
{
    private const int SharingViolation = unchecked((int)0x80070020), LockViolation = unchecked((int)0x80070021);
    private const int MappedByAnother = unchecked((int)0x800704C8), FolderNotEmpty = unchecked((int)0x80070091);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10), LongestPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Opens a file to read, without keeping anybody from writing, replacing or removing it.</summary>
    public static FileStream OpenRead(string path) =>
        Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Opens a file; without a buffer, what is written to it is with the system at once.</summary>
    public static FileStream Open(string path, FileMode mode, FileAccess access, FileShare share, int bufferSize = 4096) =>
        Persist(() => new FileStream(path, mode, access, share, bufferSize), IsHeld);

    /// <summary>The text of a file.</summary>
    public static string ReadText(string path)
    {
        using var reader = new StreamReader(OpenRead(path));
        return reader.ReadToEnd();
    }

    /// <summary>Gives a file another name, or that of a file that is replaced.</summary>
    public static void Move(string from, string to, bool overwrite = true) => Persist(
        () =>
        {
            File.Move(from, to, overwrite);
            return true;
        },
        e => IsHeld(e) || (overwrite && IsDenied(e) && (MayGo(from) || MayGo(to))));

    /// <summary>Removes a file; a missing one is as good as removed.</summary>
    public static void Delete(string path) => Persist(
        () =>
        {
            File.Delete(path);
            return true;
        },
        e => IsHeld(e) || (IsDenied(e) && MayGo(path)));

    /// <summary>Removes an empty folder. A file in it that is removed stays until the last who has it open closes it.</summary>
    public static void DeleteFolder(string path) => Persist(
        () =>
        {
            Directory.Delete(path);
            return true;
        },
        e => IsHeld(e) || (e.HResult == FolderNotEmpty && !Directory.EnumerateFileSystemEntries(path).Any()));

    /// <summary>Does something, again and again while somebody has the file.</summary>
    /// <param name="action">What is to be done.</param>
    /// <param name="isHeld">Whether a failure will pass.</param>
    /// <param name="wait">Waits; default sleeps.</param>
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

    /// <summary>Whether Windows says that somebody else has the file; the codes of other systems are others.</summary>
    internal static bool IsHeld(Exception e) => e.HResult is SharingViolation or LockViolation or MappedByAnother;

    // Windows says so, too, of a file that somebody has open while it is to be replaced or removed.
    private static bool IsDenied(Exception e) => OperatingSystem.IsWindows() && e is UnauthorizedAccessException;

    // A folder, and a file that is marked, are refused for good.
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
