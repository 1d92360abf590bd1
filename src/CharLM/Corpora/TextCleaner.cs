using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Serialization;

namespace CharLM.Corpora;

/// <summary>Cleans a corpus as the Dive into Deep Learning books clean The Time Machine, or only lower-cases it.</summary>
/// <remarks>Thread safety: any number of threads.</remarks>
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
/// Cleans a text part by part, with the same result as cleaning it whole, wherever it is cut.
/// </summary>
/// <param name="cleaning">The kind of cleaning.</param>
/// <param name="lineSeparator">As in <see cref="TextCleaner.Clean"/>.</param>
internal sealed class CleaningPass(Cleaning cleaning, string lineSeparator)
{
    // A letter with its marks; no language has more than a few marks on one letter.
    private const int LongestSegment = 1 << 20;

    private readonly Cleaning _cleaning = Enum.IsDefined(cleaning)
        ? cleaning
        : throw new ArgumentOutOfRangeException(nameof(cleaning), cleaning, "not a cleaning");

    // The most characters that one raw character can add.
    private readonly int _mostOfOne = 1 + Math.Max(1, lineSeparator.Length);
    private bool _hasText, _lineHasLetters, _gap;

    // The end of the text so far, which may combine with what follows.
    private string _kept = "";
    private char[] _cleaned = [];

    /// <summary>Cleans the next part; the result is valid until the next call.</summary>
    /// <param name="part">The part.</param>
    /// <param name="isLast">Whether nothing follows; otherwise the end of the part may be held back.</param>
    public ReadOnlySpan<char> Read(ReadOnlySpan<char> part, bool isLast = false)
    {
        if (_cleaning == Cleaning.None)
            return part;
        if (_cleaning == Cleaning.Lower)
            return ReadLower(part, isLast);
        if (_cleaned.Length < _mostOfOne * part.Length)
            _cleaned = new char[_mostOfOne * part.Length];
        return _cleaned.AsSpan(0, Add(part, _cleaned));
    }

    /// <summary>Cleans the last part, or a part that ends with a line.</summary>
    public string Next(string part) => Read(part, isLast: true).ToString();

    /// <summary>Copies the state of the pass.</summary>
    public CleaningPass Copy()
    {
        var copy = (CleaningPass)MemberwiseClone();
        copy._cleaned = [];
        return copy;
    }

    /// <summary>
    /// The index in the next part of the raw character that produces the cleaned character at a position; past the last one, the part's
    /// length; negative for a character that was held back.
    /// </summary>
    /// <param name="part">The next part; afterwards the pass cannot be used.</param>
    /// <param name="place">A position in the cleaned part.</param>
    public int RawPlaceOf(ReadOnlySpan<char> part, int place)
    {
        if (_cleaning == Cleaning.None)
            return place;
        if (_cleaning == Cleaning.Lower)
            return RawPlaceOfLower(_kept + part.ToString(), place) - _kept.Length;
        Span<char> added = new char[_mostOfOne];
        for ((int i, int length) = (0, 0); i < part.Length; i++)
        {
            length += Add(part.Slice(i, 1), added);
            if (length > place)
                return i;
        }
        return part.Length;
    }

    // Form C first, since letters with marks have their own cases; then again, since some letters only compose in lower case.
    private static string Lower(string text) => CanonicalForm.Of(CanonicalForm.Of(text).ToLowerInvariant());

    private ReadOnlySpan<char> ReadLower(ReadOnlySpan<char> part, bool isLast)
    {
        string text = _kept.Length == 0 ? part.ToString() : string.Concat(_kept, part);
        int whole = isLast ? text.Length : CanonicalForm.LastSegmentBegin(text);
        if (text.Length - whole > LongestSegment)
            throw new InvalidConfigException(
                [$"the text has more than {LongestSegment} marks one after the other that combine with a letter: take the cleaning none"]);
        _kept = text[whole..];
        return Lower(text[..whole]);
    }

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

    private int Add(ReadOnlySpan<char> part, Span<char> cleaned) =>
        _cleaning == Cleaning.D2L ? AddInLines(part, cleaned) : AddInText(part, cleaned);

    private int AddInLines(ReadOnlySpan<char> part, Span<char> cleaned)
    {
        int length = 0;
        foreach (char c in part)
        {
            if (char.IsAsciiLetter(c))
            {
                if (!_lineHasLetters)
                {
                    if (_hasText)
                    {
                        lineSeparator.CopyTo(cleaned[length..]);
                        length += lineSeparator.Length;
                    }
                }
                else if (_gap)
                {
                    cleaned[length++] = ' ';
                }
                cleaned[length++] = (char)(c | 0x20);
                (_hasText, _lineHasLetters, _gap) = (true, true, false);
            }
            else if (c is '\n' or '\r')
            {
                _lineHasLetters = _gap = false;
            }
            else
            {
                _gap = true;
            }
        }
        return length;
    }

    private int AddInText(ReadOnlySpan<char> part, Span<char> cleaned)
    {
        int length = 0;
        foreach (char c in part)
        {
            bool letter = char.IsAsciiLetter(c);
            if (letter)
                cleaned[length++] = (char)(c | 0x20);
            else if (!_gap)
                cleaned[length++] = ' ';
            _gap = !letter;
        }
        return length;
    }
}

/// <summary>How a corpus is cleaned before it is split into tokens.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
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

    /// <summary>Whether any letter that the books' cleaning keeps remains.</summary>
    internal bool KeepsLetters { get; init; }

    /// <summary>Counts the characters of a text that a cleaning drops.</summary>
    public static CleaningLoss Of(string text, Cleaning cleaning)
    {
        ArgumentNullException.ThrowIfNull(text);
        var pass = new CleaningLossPass(cleaning);
        pass.Read(text);
        return pass.Result();
    }
}

/// <summary>Counts the characters that a cleaning drops, part by part.</summary>
/// <param name="cleaning">The kind of cleaning.</param>
internal sealed class CleaningLossPass(Cleaning cleaning)
{
    private readonly bool _drops = cleaning is Cleaning.D2L or Cleaning.D2LV1;
    private readonly long[] _ascii = new long[128];
    private readonly Dictionary<Rune, long> _others = [];
    private long _characters;
    private char _high;

    /// <summary>Reads the next part.</summary>
    public void Read(ReadOnlySpan<char> part)
    {
        if (!_drops && _high == 0 && !part.ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            _characters += part.Length;
            return;
        }
        foreach (char c in part)
        {
            if (_high != 0 && char.IsLowSurrogate(c))
            {
                Count(new Rune(_high, c));
                _high = '\0';
                continue;
            }
            if (_high != 0)
                Count(Rune.ReplacementChar);
            _high = char.IsHighSurrogate(c) ? c : '\0';
            if (c < _ascii.Length)
                _ascii[c]++;
            else if (_high == 0)
                Count(char.IsLowSurrogate(c) ? Rune.ReplacementChar : new Rune(c));
        }
    }

    /// <summary>Returns the counts and ends the reading.</summary>
    public CleaningLoss Result()
    {
        if (_high != 0)
            Count(Rune.ReplacementChar);
        _high = '\0';
        for (int c = 0; c < _ascii.Length; c++)
        {
            if (_drops && _ascii[c] > 0 && !char.IsAsciiLetter((char)c) && !char.IsWhiteSpace((char)c))
                _others[new Rune(c)] = _ascii[c];
        }
        return new CleaningLoss(_characters + _ascii.Sum(), _others.Values.Sum(), [.. _others.OrderBy(one => Rune.IsLetter(one.Key) ? 0 : 1)
            .ThenByDescending(one => one.Value).ThenBy(one => one.Key).Select(one => one.Key.ToString())])
        {
            KeepsLetters = !_drops || Enumerable.Range(0, _ascii.Length).Any(c => _ascii[c] > 0 && char.IsAsciiLetter((char)c)),
        };
    }

    private void Count(Rune rune)
    {
        _characters++;
        if (_drops && !Rune.IsWhiteSpace(rune))
            CollectionsMarshal.GetValueRefOrAddDefault(_others, rune, out _)++;
    }
}
