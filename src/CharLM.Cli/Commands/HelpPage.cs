using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace CharLM.Cli.Commands;

/// <summary>The help of the program and its verbs; that of the program ends with what concerns all verbs.</summary>
internal sealed class HelpPage(HelpAction page) : SynchronousCommandLineAction
{
    private const string Rest = $"""
        Examples:
          charlm train                                    train on The Time Machine, or the bundled text without a network
          charlm train --corpus book.txt --cleaning none  train on a text of yours, letters and signs as they are
          charlm generate --prefix "time traveller"       continue a text with the model trained last
          charlm eval                                     measure that model on what its training did not see

        Environment:
          CHARLM_CACHE          where fetched corpora are kept (default: ~/.cache/charlm)
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
