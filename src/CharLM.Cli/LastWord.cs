using System.Text;
using Microsoft.Win32.SafeHandles;

namespace CharLM.Cli;

/// <summary>What the program says before it fails, even where nothing can be opened any more to say it with.</summary>
internal static class LastWord
{
    private const string OutOfFiles = "Too many open files";

    /// <summary>Writes the line of a failure to standard error.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Say(Exception exception)
    {
        // Each assembly that is loaded keeps two files open, and what tells failures apart needs some that may not be loaded yet.
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
            // .NET calls an assembly that cannot be opened missing, and a mapping that needs a file handle too much memory.
            if (cause is OutOfMemoryException or FileNotFoundException { FileName: not null })
                return FewAreLeft();
        }
        return false;
    }

    // What failed has let go of some already.
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

    // With what is loaded in any case: the console is not.
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
            // There is no other place to tell it.
        }
        return ExitCode.Failed;
    }
}
