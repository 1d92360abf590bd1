using System.CommandLine;
using System.CommandLine.Invocation;
using CharLM.Cli;
using CharLM.Cli.Commands;

using var signals = new Signals();
using var streams = new StandardStreams();
try
{
    // A response file ("@name") would make the prefix "@hello" a file name.
    ParseResult parse = CharLMCommand.Create().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
    if (parse.Action is ParseErrorAction)
    {
        ErrorLine.Write(Console.Error, UsageFault.Describe(parse));
        return ExitCode.Usage;
    }
    // Torch would end the process, and relative paths lead nowhere.
    if (!Directory.Exists("."))
    {
        ErrorLine.Write(Console.Error, "the working directory is gone: go to one that is there");
        return ExitCode.Failed;
    }
    // Signals are our own: the library's would be heard only after the first await, and cut a long save off.
    var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
    int code = await parse.InvokeAsync(invocation, signals.Token);
    return code == ExitCode.Resumable && signals.FromKeyboard ? ExitCode.Interrupted : code;
}
catch (Exception e)
{
    return Failure.Report(e, Console.Error);
}
