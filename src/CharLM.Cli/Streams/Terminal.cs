using Spectre.Console;

namespace CharLM.Cli.Streams;

/// <summary>Standard error as a terminal: whether it can show live displays, and a console for them.</summary>
internal static class Terminal
{
    /// <summary>Whether to use a live display: a pipe, a file and a dumb terminal get plain lines instead.</summary>
    public static bool IsLive => !Console.IsErrorRedirected && HasEscapes;

    /// <summary>Whether the terminal, if there is one, supports escape sequences.</summary>
    public static bool HasEscapes => Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    /// <summary>Whether to use colours and font weights (https://no-color.org).</summary>
    public static bool HasStyles => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>The style of secondary text.</summary>
    public static Style Dim => HasStyles ? new Style(decoration: Decoration.Dim) : Style.Plain;

    /// <summary>A console on standard error; Spectre's own looks at standard input and writes to standard output.</summary>
    public static IAnsiConsole OnError() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.Yes,
        ColorSystem = HasStyles ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        Interactive = InteractionSupport.Yes,
        Out = new AnsiConsoleOutput(StandardStreams.LiveError),
    });
}
