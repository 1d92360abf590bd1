using System.Buffers;
using System.Text;

namespace CharLM.Cli.Streams;

/// <summary>
/// Text of files, models and users as it may stand before a person: what would steer a terminal is written out. That is control
/// characters (C0, DEL, C1), and those that turn the direction of the text around them.
/// </summary>
internal static class Printable
{
    private static readonly SearchValues<char> Steering = SearchValues.Create([
        .. Enumerable.Range(0, 0xa0).Select(c => (char)c).Where(char.IsControl), .. Range('\u202a', '\u202e'),
            .. Range('\u2066', '\u2069')]);

    /// <summary>The text in one line, \n, \t and the like for what steers, cut off after a number of characters.</summary>
    public static string Text(string text, int longest = int.MaxValue)
    {
        bool cut = text.Length > longest;
        if (cut && char.IsHighSurrogate(text[longest - 1]))
            longest--;
        return Visible(cut ? text.AsSpan(0, longest) : text, keepsLines: false) + (cut ? "..." : "");
    }

    /// <summary>The text with its lines and tabs as they are.</summary>
    public static string Lines(ReadOnlySpan<char> text) => Visible(text, keepsLines: true);

    /// <summary>Whether a text has something that would have to be written out; line feeds and tabs have not.</summary>
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

/// <summary>Lines of cells with tabs between, for programs: text as it is, but nothing in it ends a cell or a line.</summary>
internal static class TsvLine
{
    /// <summary>The line, without its end; a tab, line feed or carriage return within a cell is written \t, \n or \r.</summary>
    public static string Of(params IEnumerable<string> cells) => string.Join('\t', cells.Select(cell => cell
        .Replace("\t", "\\t", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
            .Replace("\r", "\\r", StringComparison.Ordinal)));
}
