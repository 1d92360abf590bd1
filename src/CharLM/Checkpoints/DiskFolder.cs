using System.Runtime.InteropServices;

namespace CharLM.Checkpoints;

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
