namespace CharLM.Cli.Errors;

/// <summary>The program's exit codes.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Failed: a file, the network, the disk, or the numbers.</summary>
    public const int Failed = 1;

    /// <summary>The command line or a configuration is invalid.</summary>
    public const int Usage = 2;

    /// <summary>Ended before the last epoch by a signal (SIGTERM, SIGHUP, SIGUSR1), saved, and can be resumed.</summary>
    public const int Resumable = 75;

    /// <summary>Interrupted from the keyboard, or before there was anything to save.</summary>
    public const int Interrupted = 130;

    /// <summary>The list that <c>--help</c> shows.</summary>
    public const string Help = "0 done, 1 failed, 2 usage, 75 saved and resumable (SIGTERM, SIGHUP, SIGUSR1), 130 interrupted (Ctrl+C)";
}
