using System.Text;

namespace CharLM.Corpora;

/// <summary>Cleans a corpus in the ways that the Dive into Deep Learning books clean The Time Machine.</summary>
public static class TextCleaner
{
    /// <summary>Returns <paramref name="text"/> cleaned; letters are A-Z and a-z only, as in the book's expression.</summary>
    /// <param name="text">The raw text.</param>
    /// <param name="cleaning">What to do.</param>
    /// <param name="lineSeparator">
    /// What stands between the lines of <see cref="Cleaning.D2L"/>: nothing for characters, as in the book; a line end
    /// for words, so that the last word of a line does not run into the first of the next.
    /// </param>
    public static string Clean(string text, Cleaning cleaning, string lineSeparator = "")
    {
        ArgumentNullException.ThrowIfNull(text);
        return cleaning switch
        {
            Cleaning.D2L => CleanLines(text, lineSeparator),
            Cleaning.D2LV1 => CleanWhole(text),
            Cleaning.None => text,
            _ => throw new ArgumentOutOfRangeException(nameof(cleaning), cleaning, "not a cleaning"),
        };
    }

    private static string CleanLines(string text, string lineSeparator)
    {
        var cleaned = new StringBuilder(text.Length);
        bool lineHasLetters = false, gap = false;
        foreach (char c in text)
        {
            if (c is '\n' or '\r')
            {
                lineHasLetters = gap = false;
                continue;
            }
            if (!char.IsAsciiLetter(c))
            {
                gap = true;
                continue;
            }
            if (!lineHasLetters)
                cleaned.Append(cleaned.Length > 0 ? lineSeparator : "");
            else if (gap)
                cleaned.Append(' ');
            cleaned.Append((char)(c | 0x20));
            lineHasLetters = true;
            gap = false;
        }
        return cleaned.ToString();
    }

    private static string CleanWhole(string text)
    {
        var cleaned = new StringBuilder(text.Length);
        bool gap = false;
        foreach (char c in text)
        {
            bool letter = char.IsAsciiLetter(c);
            if (letter)
                cleaned.Append((char)(c | 0x20));
            else if (!gap)
                cleaned.Append(' ');
            gap = !letter;
        }
        return cleaned.ToString();
    }
}
