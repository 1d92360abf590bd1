using System.CommandLine;
using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Training;

namespace CharLM.Cli.Commands;

/// <summary>A verb: runs, and turns what went wrong into one line and an exit code.</summary>
internal abstract class Verb : Command
{
    protected Verb(string name, string description)
        : base(name, description)
    {
        SetAction(RunGuardedAsync);
    }

    /// <summary>Does the verb's work.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    protected abstract Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken);

    private async Task<int> RunGuardedAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(parse, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            ErrorLine.Write(parse.InvocationConfiguration.Error, "interrupted");
            return ExitCode.Interrupted;
        }
        catch (Exception e) when (e is InvalidConfigException or UnknownCorpusException or CorpusTooShortException)
        {
            ErrorLine.Write(parse.InvocationConfiguration.Error, e.Message);
            return ExitCode.Usage;
        }
        catch (Exception e) when (e is CorpusException or CheckpointException or TrainingDivergedException or IOException or UnauthorizedAccessException)
        {
            ErrorLine.Write(parse.InvocationConfiguration.Error, e.Message);
            return ExitCode.Failed;
        }
    }
}
