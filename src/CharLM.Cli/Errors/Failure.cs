using System.Runtime.InteropServices;
using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Generation;
using CharLM.Pairs;
using CharLM.Training;
using CharLM.Workbench.Configuration;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Errors;

/// <summary>Turns an exception into one line on standard error and an exit code.</summary>
internal static class Failure
{
    /// <summary>The environment variable that adds the stack trace of an unexpected failure.</summary>
    public const string DebugVariable = "CHARLM_DEBUG";

    /// <summary>Writes the line.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Report(Exception exception, TextWriter error)
    {
        switch (exception)
        {
            case var _ when StandardStreams.IsClosedPipe(exception):
                return ExitCode.Done;
            case OperationCanceledException:
                ErrorLine.Write(error, "interrupted");
                return ExitCode.Interrupted;
            case InvalidConfigException or ConfigFileException or UnknownCorpusException or CorpusTooShortException:
                ErrorLine.Write(error, exception.Message);
                return ExitCode.Usage;
            case CorpusException or PairFileException or CheckpointException or RunDirectoryException or TrainingDivergedException
                or GenerationException or RanksException or IOException or UnauthorizedAccessException:
                ErrorLine.Write(error, exception.Message);
                return ExitCode.Failed;
            case TypeInitializationException { InnerException: { } cause }:
                return Report(cause, error);
            case DllNotFoundException:
                ErrorLine.Write(error, $"torch cannot be loaded: {exception.Message}");
                return ExitCode.Failed;
            // Usually out of memory; after the first line comes a C++ stack trace.
            case ExternalException:
                ErrorLine.Write(error, $"libtorch: {exception.Message.Split('\n')[0]}");
                return ExitCode.Failed;
            default:
                return ReportUnexpected(exception, error);
        }
    }

    private static int ReportUnexpected(Exception exception, TextWriter error)
    {
        bool debug = Environment.GetEnvironmentVariable(DebugVariable) is { Length: > 0 };
        ErrorLine.Write(error, $"{exception.GetType().Name}: {exception.Message}{(debug ? "" : $" ({DebugVariable}=1 shows where)")}");
        if (debug)
            error.WriteLine(exception);
        return ExitCode.Failed;
    }
}
