namespace CharLM.Cli;

/// <summary>How the program complains: one line on standard error.</summary>
internal static class ErrorLine
{
    /// <summary>Writes the line.</summary>
    public static void Write(TextWriter error, string message) =>
        error.WriteLine($"charlm: {string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))}");
}
