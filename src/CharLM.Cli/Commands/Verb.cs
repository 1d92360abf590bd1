using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Corpora;

namespace CharLM.Cli.Commands;

/// <summary>A verb: does its work and tells an exit code; what it throws is <see cref="Failure"/>'s.</summary>
internal abstract class Verb : Command
{
    // What a verb needs to end in order: to write what it has, to end the processes that it started.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private volatile bool _saves;

    protected Verb(string name, string description)
        : base(name, description)
    {
        SetAction(RunUntilSignalAsync);
    }

    /// <summary>Does the verb's work.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    protected abstract Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken);

    /// <summary>From here on the verb has something to save when it is told to end, however long that takes.</summary>
    protected void SavesFromHere() => _saves = true;

    // No signal reaches a thread that opens a pipe to which nobody writes, or counts in one loop: it is left behind.
    private async Task<int> RunUntilSignalAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        MissingLibrary.Require();
        Task<int> run = Task.Run(() => RunAsync(parse, cancellationToken), CancellationToken.None);
        try
        {
            var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using (cancellationToken.Register(signal.SetResult))
                await Task.WhenAny(run, signal.Task);
            if (!_saves)
                await Task.WhenAny(run, Task.Delay(Patience, CancellationToken.None));
            if (!_saves && !run.IsCompleted)
                cancellationToken.ThrowIfCancellationRequested();
            return await run;
        }
        catch (CheckpointException e) when (WrongFile.Explain(parse, e) is { } what)
        {
            throw new IOException(what, e);
        }
        catch (CorpusFileException e) when (WrongFile.Explain(parse, e) is { } what)
        {
            throw new IOException(what, e);
        }
    }
}

/// <summary>The help of the program and its verbs; that of the program ends with what concerns all verbs.</summary>
internal sealed class HelpPage(HelpAction page) : SynchronousCommandLineAction
{
    private static string Rest => $"""
        Examples:
          charlm train                                    train on The Time Machine, or the bundled text without a network
          charlm train --corpus book.txt --cleaning none  train on a text of yours, letters and signs as they are
          charlm generate --prefix "time traveller"       continue a text with the model trained last
          charlm eval                                     measure that model on what its training did not see

        Environment:
          CHARLM_CACHE          where fetched corpora are kept (default: {CorpusOptions.DefaultCache() ?? "none, for want of a home"})
          CHARLM_CORPUS_MIRROR  a folder or an address that is asked for corpora first
          {Failure.DebugVariable}          1 adds the stack to an unexpected failure
          NO_COLOR              set, live displays have no colours

        Exit codes:
          {ExitCode.Help}

        Results go to standard output, all else to standard error.
        """;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        int code = page.Invoke(parseResult);
        if (parseResult.CommandResult.Command is RootCommand)
            parseResult.InvocationConfiguration.Output.WriteLine(Rest);
        return code;
    }
}
