using System.Buffers;
using System.Text;

namespace CharLM.Cli.Streams;

/// <summary>
/// Makes foreign text safe to print: escapes everything that could control a terminal, that is control characters (C0, DEL, C1) and those
/// that change the direction of text.
/// </summary>
internal static class Printable
{
    private static readonly SearchValues<char> Steering = SearchValues.Create([
        .. Enumerable.Range(0, 0xa0).Select(c => (char)c).Where(char.IsControl), .. Range('\u202a', '\u202e'),
            .. Range('\u2066', '\u2069')]);

    /// <summary>The text in one line, control characters escaped as \n, \t and so on, truncated to a number of characters.</summary>
    public static string Text(string text, int longest = int.MaxValue)
    {
        bool cut = text.Length > longest;
        if (cut && char.IsHighSurrogate(text[longest - 1]))
            longest--;
        return Visible(cut ? text.AsSpan(0, longest) : text, keepsLines: false) + (cut ? "..." : "");
    }

    /// <summary>The text with its lines and tabs unchanged, other control characters escaped.</summary>
    public static string Lines(ReadOnlySpan<char> text) => Visible(text, keepsLines: true);

    /// <summary>Whether a text contains characters to escape, other than line feeds and tabs.</summary>
    public static bool Steers(ReadOnlySpan<char> text)
    {
        for (int at; (at = text.IndexOfAny(Steering)) >= 0; text = text[(at + 1)..])
        {
            if (text[at] is not ('\n' or '\t'))
                return true;
        }
        return false;
    }

    private static string Visible(ReadOnlySpan<char> text, bool keepsLines)
    {
        var visible = new StringBuilder();
        for (int at; (at = text.IndexOfAny(Steering)) >= 0; text = text[(at + 1)..])
        {
            visible.Append(text[..at]);
            if (keepsLines && text[at..] is (['\n' or '\t', ..] or ['\r', '\n', ..]))
                visible.Append(text[at]);
            else
                visible.Append(Name(text[at]));
        }
        return visible.Append(text).ToString();
    }

    private static string Name(char c) => c switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ => $"\\u{(int)c:x4}",
    };

    private static IEnumerable<char> Range(char first, char last) => Enumerable.Range(first, last - first + 1).Select(c => (char)c);
}

/// <summary>Formats tab-separated lines for programs: text unchanged, but nothing in it can end a cell or a line.</summary>
internal static class TsvLine
{
    /// <summary>The line, without its end; tabs, line feeds and carriage returns within a cell become \t, \n and \r.</summary>
    public static string Of(params IEnumerable<string> cells) => string.Join('\t', cells.Select(cell => cell
        .Replace("\t", "\\t", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
            .Replace("\r", "\\r", StringComparison.Ordinal)));
}
