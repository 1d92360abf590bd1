using CharLM.Cli.Streams;

namespace CharLM.Cli.Errors;

/// <summary>Writes an error or a warning as one line on standard error.</summary>
internal static class ErrorLine
{
    /// <summary>Writes the line; foreign text in it can neither break it nor control the terminal.</summary>
    public static void Write(TextWriter error, string message)
    {
        string[] lines = message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string line = lines.Aggregate(
            "", (before, next) => before.Length == 0 ? next : before + (before.EndsWith(':') ? " " : "; ") + next);
        error.WriteLine($"charlm: {Printable.Text(line)}");
    }
}
