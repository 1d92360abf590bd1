using System.Text;
using Microsoft.Win32.SafeHandles;

namespace CharLM.Cli;

/// <summary>Reports a failure even when no further file can be opened.</summary>
internal static class LastWord
{
    private const string OutOfFiles = "Too many open files";

    /// <summary>Writes the failure's line to standard error.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Say(Exception exception)
    {
        // Each loaded assembly keeps two files open, and the code that distinguishes failures may need assemblies that are not loaded yet.
        if (IsOutOfFiles(exception))
            return WriteLimit();
        try
        {
            return Failure.Report(exception, Console.Error);
        }
        catch (Exception e)
        {
            return IsOutOfFiles(e) ? WriteLimit() : Write($"{exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static bool IsOutOfFiles(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause.Message.Contains(OutOfFiles, StringComparison.Ordinal))
                return true;
            // .NET reports an assembly that it cannot open as missing, and a memory mapping without a free handle as out of memory.
            if (cause is OutOfMemoryException or FileNotFoundException { FileName: not null })
                return FewAreLeft();
        }
        return false;
    }

    // The failed code has already released some handles.
    private static bool FewAreLeft()
    {
        if (OperatingSystem.IsWindows())
            return false;
        var handles = new SafeFileHandle?[16];
        try
        {
            for (int i = 0; i < handles.Length; i++)
                handles[i] = File.OpenHandle("/dev/null");
            return false;
        }
        catch (IOException e)
        {
            return e.Message.Contains(OutOfFiles, StringComparison.Ordinal);
        }
        finally
        {
            foreach (SafeFileHandle? handle in handles)
                handle?.Dispose();
        }
    }

    private static int WriteLimit() => Write("too many open files: raise their limit (ulimit -n), 1024 are enough");

    // Uses only types that are already loaded; the console is not.
    private static int Write(string message)
    {
        if (OperatingSystem.IsWindows())
        {
            Console.Error.WriteLine($"charlm: {message}");
            return ExitCode.Failed;
        }
        try
        {
            using var handle = new SafeFileHandle(2, ownsHandle: false);
            using var error = new FileStream(handle, FileAccess.Write, bufferSize: 0);
            error.Write(Encoding.UTF8.GetBytes($"charlm: {message}\n"));
        }
        catch (Exception)
        {
            // There is nowhere else to report it.
        }
        return ExitCode.Failed;
    }
}
