using System.CommandLine;
using System.CommandLine.Invocation;
using CharLM.Cli;
using CharLM.Cli.Commands;

try
{
    using var signals = new Signals();
    using var streams = new StandardStreams();
    // A response file ("@name") would make the prefix "@hello" a file name.
    ParseResult parse = CharLMCommand.Create().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
    if (parse.Action is ParseErrorAction)
    {
        ErrorLine.Write(Console.Error, UsageFault.Describe(parse));
        return ExitCode.Usage;
    }
    streams.RequireOutput();
    // Signals are our own: the library's would be heard only after the first await, and cut a long save off.
    var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
    int code = await parse.InvokeAsync(invocation, signals.Token);
    return code == ExitCode.Resumable && signals.FromKeyboard ? ExitCode.Interrupted : code;
}
catch (Exception e)
{
    return LastWord.Say(e, Console.Error);
}
