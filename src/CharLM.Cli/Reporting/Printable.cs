namespace CharLM.Cli.Reporting;

/// <summary>Text of files and users as it may stand in a line for people: control characters are written out.</summary>
internal static class Printable
{
    /// <summary>The text with \n, \t and the like for control characters, cut off after a number of characters.</summary>
    public static string Text(string text, int longest = int.MaxValue)
    {
        bool cut = text.Length > longest;
        if (cut && char.IsHighSurrogate(text[longest - 1]))
            longest--;
        return string.Concat(text.Take(longest).Select(Character)) + (cut ? "..." : "");
    }

    private static string Character(char c) => c switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ when char.IsControl(c) => $"\\u{(int)c:x4}",
        _ => c.ToString(),
    };
}
