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
            return Write("too many open files: raise their limit (ulimit -n), 1024 are enough");
        try
        {
            return Failure.Report(exception, Console.Error);
        }
        catch (Exception)
        {
            return Write($"{exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static bool IsOutOfFiles(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause.Message.Contains(OutOfFiles, StringComparison.Ordinal))
                return true;
        }
        // An assembly that cannot be opened is said to be missing.
        if (OperatingSystem.IsWindows())
            return false;
        try
        {
            File.OpenHandle("/dev/null").Dispose();
            return false;
        }
        catch (IOException e)
        {
            return e.Message.Contains(OutOfFiles, StringComparison.Ordinal);
        }
    }

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
            error.Write(Encoding.UTF8.GetBytes($"charlm: {message}{Environment.NewLine}"));
        }
        catch (Exception)
        {
            // There is no other place to tell it.
        }
        return ExitCode.Failed;
    }
}
