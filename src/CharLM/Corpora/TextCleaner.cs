using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Serialization;

namespace CharLM.Corpora;

/// <summary>Cleans a corpus: in the ways that the Dive into Deep Learning books clean The Time Machine, or by lower case alone.</summary>
public static class TextCleaner
{
    /// <summary>Returns <paramref name="text"/> cleaned; the books' letters are A-Z and a-z only, as in their expression.</summary>
    /// <param name="text">The raw text.</param>
    /// <param name="cleaning">What to do.</param>
    /// <param name="lineSeparator">
    /// What stands between the lines of <see cref="Cleaning.D2L"/>: nothing for characters, as in the book; a line end
    /// for words, so that the last word of a line does not run into the first of the next.
    /// </param>
    public static string Clean(string text, Cleaning cleaning, string lineSeparator = "")
    {
        ArgumentNullException.ThrowIfNull(text);
        return new CleaningPass(cleaning, lineSeparator).Next(text);
    }
}

/// <summary>
/// Cleans a text part by part: what the parts come to, one after the other, is the whole text cleaned, wherever it is cut;
/// <see cref="Cleaning.Lower"/>, after which a mark may belong to the letter before it, only where it is cut at line ends.
/// </summary>
/// <param name="cleaning">What to do.</param>
/// <param name="lineSeparator">As in <see cref="TextCleaner.Clean"/>.</param>
internal sealed class CleaningPass(Cleaning cleaning, string lineSeparator)
{
    private readonly Cleaning _cleaning = Enum.IsDefined(cleaning)
        ? cleaning
        : throw new ArgumentOutOfRangeException(nameof(cleaning), cleaning, "not a cleaning");
    private bool _hasText, _lineHasLetters, _gap;

    /// <summary>What the next part of the text comes to.</summary>
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
    /// Where in a text the character stands that gave the cleaned text its character at a place; at the end the text's length.
    /// </summary>
    /// <param name="text">The raw text, from its beginning.</param>
    /// <param name="place">A place in the cleaned text.</param>
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

    // In form C first, since letters with marks have cases of their own; and again, since some have a form of their own in lower case only.
    private static string Lower(string text) => CanonicalForm.Of(CanonicalForm.Of(text).ToLowerInvariant());

    private static int RawPlaceOfLower(string text, int place)
    {
        int length = 0;
        for (int begin = 0; begin < text.Length;)
        {
            int end = CanonicalForm.SegmentEnd(text, begin);
            // One character alone stays as long as it is.
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

/// <summary>What is done to a corpus before it is split into tokens.</summary>
public enum Cleaning
{
    /// <summary>
    /// Dive into Deep Learning v0.17: in each line, runs of non-letters become one space, the line is stripped and
    /// lowered; lines are joined. The Time Machine becomes 170,580 characters.
    /// </summary>
    [JsonStringEnumMemberName("d2l")]
    D2L,

    /// <summary>
    /// Dive into Deep Learning v1.0: over the whole text, line ends included, runs of non-letters become one space;
    /// lowered. The Time Machine becomes 173,428 characters.
    /// </summary>
    [JsonStringEnumMemberName("d2l-v1")]
    D2LV1,

    /// <summary>The text as it is.</summary>
    None,

    /// <summary>Letters of any language in lower case, in Unicode's normalization form C; nothing is dropped.</summary>
    Lower,
}

/// <summary>The characters that a cleaning drops.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Characters">Characters (Unicode scalar values) of the raw text.</param>
/// <param name="Dropped">How many of them the cleaning drops, or makes a space of; white space does not count.</param>
/// <param name="Kinds">Those, letters first, the more frequent before the rarer.</param>
internal sealed record CleaningLoss(long Characters, long Dropped, IReadOnlyList<string> Kinds)
{
    /// <summary>The part of the characters that is dropped, 0 to 1.</summary>
    public double Share => Characters == 0 ? 0 : (double)Dropped / Characters;

    /// <summary>Counts what a cleaning drops of a text.</summary>
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
