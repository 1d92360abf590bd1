using System.CommandLine;
using System.CommandLine.Invocation;
using CharLM.Cli.Commands;
using CharLM.Cli.Streams;

namespace CharLM.Cli;

/// <summary>Runs the program: arguments in, exit code out.</summary>
internal static class CommandLine
{
    /// <summary>Runs a command line.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] words)
    {
        using var signals = new Signals();
        using var streams = new StandardStreams();
        // A response file ("@name") would make the prefix "@hello" a file name.
        ParseResult parse = CharLMCommand.Create(words).Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parse.Action is ParseErrorAction || UsageError.StrayOption(parse) is not null)
        {
            ErrorLine.Write(Console.Error, UsageError.Describe(parse));
            return ExitCode.Usage;
        }
        // Torch would end the process, and relative paths would not resolve.
        if (!Directory.Exists("."))
        {
            ErrorLine.Write(Console.Error, "the working directory no longer exists: change to another one");
            return ExitCode.Failed;
        }
        streams.RequireOutput();
        // We handle signals ourselves: the library reacts only after the first await, and would cut off a long save.
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        int code = await parse.InvokeAsync(invocation, signals.Token);
        return code == ExitCode.Resumable && signals.FromKeyboard ? ExitCode.Interrupted : code;
    }
}
