using System.Globalization;
using System.Text;

namespace CharLM.Workbench.Reports;

/// <summary>Tokens and lines as a page shows them.</summary>
internal static class TokenText
{
    /// <summary>A token; white space and control characters are shown by signs.</summary>
    public static string Visible(string token) => token switch
    {
        " " => "\u2423",
        "\n" => "\u21b5",
        "\r" => "\u240d",
        "\t" => "\u21e5",
        _ when !token.EnumerateRunes().Any(IsInvisible) => token,
        _ => string.Concat(token.EnumerateRunes().Select(rune => IsInvisible(rune) ? $"U+{rune.Value:X4}" : rune.ToString())),
    };

    /// <summary>The beginning of a text; three dots stand for the rest.</summary>
    public static string Cut(string text, int longest) => text.Length <= longest ? text
        : text[..(longest - (char.IsHighSurrogate(text[longest - 1]) ? 1 : 0))] + "...";

    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
