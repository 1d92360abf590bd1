using System.CommandLine;
using System.CommandLine.Invocation;
using CharLM.Cli;
using CharLM.Cli.Commands;

// A response file ("@name") would make the prefix "@hello" a file name.
ParseResult parse = CharLMCommand.Create().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (parse.Action is ParseErrorAction)
{
    ErrorLine.Write(parse.InvocationConfiguration.Error, string.Join("; ", parse.Errors.Select(error => error.Message)));
    return ExitCode.Usage;
}

// Ctrl+C lets the current minibatch end and the checkpoint be written: a slow disk may take its time.
parse.InvocationConfiguration.ProcessTerminationTimeout = TimeSpan.FromSeconds(30);
parse.InvocationConfiguration.EnableDefaultExceptionHandler = false;
return await parse.InvokeAsync();
