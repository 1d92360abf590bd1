namespace CharLM.Cli;

/// <summary>What the program says before it fails, even where nothing can be opened any more to say it with.</summary>
internal static class LastWord
{
    private const string OutOfFiles = "Too many open files";

    /// <summary>Writes the line of a failure.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Say(Exception exception, TextWriter error)
    {
        // Each part of the program and of .NET that is loaded keeps two files open, and what tells failures apart needs some that may
        // not be loaded yet.
        if (IsOutOfFiles(exception))
        {
            error.WriteLine("charlm: too many open files: raise their limit (ulimit -n), 1024 are enough");
            return ExitCode.Failed;
        }
        try
        {
            return Failure.Report(exception, error);
        }
        catch (Exception)
        {
            error.WriteLine($"charlm: {exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")}");
            return ExitCode.Failed;
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
}
