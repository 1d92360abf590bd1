using Spectre.Console;

namespace CharLM.Cli.Reporting;

/// <summary>Standard error as a place for people: whether it can show live displays, and the console to show them on.</summary>
internal static class Terminal
{
    /// <summary>Whether a live display makes sense: a pipe, a file and a dumb terminal get plain lines instead.</summary>
    public static bool IsLive => !Console.IsErrorRedirected && HasEscapes;

    /// <summary>Whether the terminal, if there is one, knows escape sequences.</summary>
    public static bool HasEscapes => Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    /// <summary>A console on standard error; Spectre's own looks at standard input and writes to standard output.</summary>
    public static IAnsiConsole OnError() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.Yes,
        Interactive = InteractionSupport.Yes,
        Out = new AnsiConsoleOutput(Console.Error),
    });
}
