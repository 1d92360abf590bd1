using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Serialization;

namespace CharLM.Corpora;

/// <summary>Cleans a corpus as the Dive into Deep Learning books clean The Time Machine, or only lower-cases it.</summary>
public static class TextCleaner
{
    /// <summary>Cleans a text; for the books' cleanings, letters are A-Z and a-z only, as in their regular expression.</summary>
    /// <param name="text">The raw text.</param>
    /// <param name="cleaning">The kind of cleaning.</param>
    /// <param name="lineSeparator">
    /// The separator between lines for <see cref="Cleaning.D2L"/>: empty for characters, as in the book; a line end for words, so that the
    /// last word of a line does not run into the first of the next. Default empty.
    /// </param>
    public static string Clean(string text, Cleaning cleaning, string lineSeparator = "")
    {
        ArgumentNullException.ThrowIfNull(text);
        return new CleaningPass(cleaning, lineSeparator).Next(text);
    }
}

/// <summary>
/// Cleans a text part by part, with the same result as cleaning it whole, wherever it is cut. <see cref="Cleaning.Lower"/> must be cut
/// at line ends, since a mark may combine with the letter before it.
/// </summary>
/// <param name="cleaning">The kind of cleaning.</param>
/// <param name="lineSeparator">As in <see cref="TextCleaner.Clean"/>.</param>
internal sealed class CleaningPass(Cleaning cleaning, string lineSeparator)
{
    private readonly Cleaning _cleaning = Enum.IsDefined(cleaning)
        ? cleaning
        : throw new ArgumentOutOfRangeException(nameof(cleaning), cleaning, "not a cleaning");
    private bool _hasText, _lineHasLetters, _gap;

    /// <summary>Cleans the next part of the text.</summary>
    public string Next(string part)
    {
        if (_cleaning == Cleaning.None)
            return part;
        if (_cleaning == Cleaning.Lower)
            return Lower(part);
        var cleaned = new StringBuilder(part.Length);
        foreach (char c in part)
            Add(c, cleaned);
        return cleaned.ToString();
    }

    /// <summary>
    /// The index of the raw character that produced the cleaned character at a position; past the last one, the text's length.
    /// </summary>
    /// <param name="text">The raw text, from its beginning.</param>
    /// <param name="place">A position in the cleaned text.</param>
    public int RawPlaceOf(string text, int place)
    {
        if (_cleaning == Cleaning.None)
            return place;
        if (_cleaning == Cleaning.Lower)
            return RawPlaceOfLower(text, place);
        var cleaned = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            Add(text[i], cleaned);
            if (cleaned.Length > place)
                return i;
        }
        return text.Length;
    }

    // Form C first, since letters with marks have their own cases; then again, since some letters only compose in lower case.
    private static string Lower(string text) => CanonicalForm.Of(CanonicalForm.Of(text).ToLowerInvariant());

    private static int RawPlaceOfLower(string text, int place)
    {
        int length = 0;
        for (int begin = 0; begin < text.Length;)
        {
            int end = CanonicalForm.SegmentEnd(text, begin);
            // A single character keeps its length.
            length += end - begin == 1 ? 1 : Lower(text[begin..end]).Length;
            if (length > place)
                return begin;
            begin = end;
        }
        return text.Length;
    }

    private void Add(char c, StringBuilder cleaned)
    {
        if (_cleaning == Cleaning.D2L)
            AddInLine(c, cleaned);
        else
            AddInText(c, cleaned);
    }

    private void AddInLine(char c, StringBuilder cleaned)
    {
        if (c is '\n' or '\r')
        {
            _lineHasLetters = _gap = false;
            return;
        }
        if (!char.IsAsciiLetter(c))
        {
            _gap = true;
            return;
        }
        if (!_lineHasLetters)
            cleaned.Append(_hasText ? lineSeparator : "");
        else if (_gap)
            cleaned.Append(' ');
        cleaned.Append((char)(c | 0x20));
        (_hasText, _lineHasLetters, _gap) = (true, true, false);
    }

    private void AddInText(char c, StringBuilder cleaned)
    {
        bool letter = char.IsAsciiLetter(c);
        if (letter)
            cleaned.Append((char)(c | 0x20));
        else if (!_gap)
            cleaned.Append(' ');
        _gap = !letter;
    }
}

/// <summary>How a corpus is cleaned before it is split into tokens.</summary>
public enum Cleaning
{
    /// <summary>
    /// Dive into Deep Learning v0.17: in each line, runs of non-letters become one space, and the line is stripped and lower-cased; lines
    /// are joined. The Time Machine becomes 170,580 characters.
    /// </summary>
    [JsonStringEnumMemberName("d2l")]
    D2L,

    /// <summary>
    /// Dive into Deep Learning v1.0: over the whole text, including line ends, runs of non-letters become one space; lower-cased. The
    /// Time Machine becomes 173,428 characters.
    /// </summary>
    [JsonStringEnumMemberName("d2l-v1")]
    D2LV1,

    /// <summary>The text unchanged.</summary>
    None,

    /// <summary>Letters of any language lower-cased, in Unicode's normalization form C; nothing is dropped.</summary>
    Lower,
}

/// <summary>The characters that a cleaning drops.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Characters">Characters (Unicode scalar values) of the raw text.</param>
/// <param name="Dropped">How many of them the cleaning drops or replaces by a space, not counting white space.</param>
/// <param name="Kinds">The distinct dropped characters: letters first, then by descending frequency.</param>
internal sealed record CleaningLoss(long Characters, long Dropped, IReadOnlyList<string> Kinds)
{
    /// <summary>The share of characters dropped, 0 to 1.</summary>
    public double Share => Characters == 0 ? 0 : (double)Dropped / Characters;

    /// <summary>Counts the characters of a text that a cleaning drops.</summary>
    public static CleaningLoss Of(string text, Cleaning cleaning)
    {
        ArgumentNullException.ThrowIfNull(text);
        bool drops = cleaning is Cleaning.D2L or Cleaning.D2LV1;
        long characters = 0, dropped = 0;
        var counts = new Dictionary<Rune, long>();
        foreach (Rune rune in text.EnumerateRunes())
        {
            characters++;
            if (!drops || (rune.IsAscii && char.IsAsciiLetter((char)rune.Value)) || Rune.IsWhiteSpace(rune))
                continue;
            dropped++;
            CollectionsMarshal.GetValueRefOrAddDefault(counts, rune, out _)++;
        }
        return new CleaningLoss(characters, dropped, [.. counts.OrderBy(one => Rune.IsLetter(one.Key) ? 0 : 1)
            .ThenByDescending(one => one.Value).ThenBy(one => one.Key).Select(one => one.Key.ToString())]);
    }
}
