using CharLM.Cli.Streams;

namespace CharLM.Cli.Errors;

/// <summary>How the program complains: one line on standard error.</summary>
internal static class ErrorLine
{
    /// <summary>Writes the line; what others put into it neither breaks it nor steers a terminal.</summary>
    public static void Write(TextWriter error, string message)
    {
        string[] lines = message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string line = lines.Aggregate(
            "", (before, next) => before.Length == 0 ? next : before + (before.EndsWith(':') ? " " : "; ") + next);
        error.WriteLine($"charlm: {Printable.Text(line)}");
    }
}
