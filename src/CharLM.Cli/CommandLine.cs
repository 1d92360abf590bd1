using System.CommandLine;
using System.CommandLine.Invocation;
using CharLM.Cli.Commands;
using CharLM.Cli.Streams;

namespace CharLM.Cli;

/// <summary>The program from its words to its exit code.</summary>
internal static class CommandLine
{
    /// <summary>Does what the words ask for.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] words)
    {
        using var signals = new Signals();
        using var streams = new StandardStreams();
        // A response file ("@name") would make the prefix "@hello" a file name.
        ParseResult parse = CharLMCommand.Create().Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parse.Action is ParseErrorAction || UsageError.StrayOption(parse) is not null)
        {
            ErrorLine.Write(Console.Error, UsageError.Describe(parse));
            return ExitCode.Usage;
        }
        // Torch would end the process, and relative paths lead nowhere.
        if (!Directory.Exists("."))
        {
            ErrorLine.Write(Console.Error, "the working directory is gone: go to one that is there");
            return ExitCode.Failed;
        }
        streams.RequireOutput();
        // Signals are our own: the library's would be heard only after the first await, and cut a long save off.
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        int code = await parse.InvokeAsync(invocation, signals.Token);
        return code == ExitCode.Resumable && signals.FromKeyboard ? ExitCode.Interrupted : code;
    }
}
