using System.Collections;
using System.Globalization;
using System.Text;

namespace CharLM.Corpora;

/// <summary>
/// Unicode's normalization form C: a letter and its marks become one character where one exists. .NET's own normalization does nothing
/// in invariant-globalization mode, which this program uses.
/// </summary>
/// <remarks>Source: Unicode Standard Annex 15. Thread safety: any number of threads.</remarks>
internal static class CanonicalForm
{
    // Hangul syllables are computed, not looked up (section 3.12 of the standard).
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int Leads = 19, Vowels = 21, Tails = 28, Syllables = Leads * Vowels * Tails;

    private static readonly Lazy<Table> Data = new(Table.Load);

    /// <summary>The text in form C.</summary>
    public static string Of(string text)
    {
        int change = NextUnstable(text, 0);
        if (change < 0)
            return text;
        var result = new StringBuilder(text.Length);
        int done = 0;
        while (change >= 0)
        {
            int begin = SegmentBefore(text, change, done), end = SegmentEnd(text, change);
            result.Append(text, done, begin - done);
            Append(result, text.AsSpan(begin, end - begin));
            done = end;
            change = NextUnstable(text, end);
        }
        return result.Append(text, done, text.Length - done).ToString();
    }

    /// <summary>
    /// The end of the segment that begins at a position: no later character composes with one in it or is reordered into it.
    /// </summary>
    public static int SegmentEnd(string text, int begin)
    {
        int next = begin + Width(text, begin);
        while (next < text.Length && Data.Value.IsUnstable(CodeAt(text, next)))
            next += Width(text, next);
        return next;
    }

    /// <summary>Where the last segment begins: text that follows cannot change anything before it. 0 if not yet known.</summary>
    public static int LastSegmentBegin(string text)
    {
        int begin = text.Length - 1;
        // The second half of the last character may follow later.
        if (begin >= 0 && char.IsHighSurrogate(text[begin]))
            begin--;
        for (; begin > 0; begin--)
        {
            if (text[begin] < '\u0300')
                return begin;
            bool isSecondHalf = char.IsLowSurrogate(text[begin]) && char.IsHighSurrogate(text[begin - 1]);
            if (!isSecondHalf && !Data.Value.IsUnstable(CodeAt(text, begin)))
                return begin;
        }
        return 0;
    }

    private static int NextUnstable(string text, int from)
    {
        for (int i = from; i < text.Length; i += Width(text, i))
        {
            // Characters below U+0300 neither change nor combine.
            if (text[i] >= '\u0300' && Data.Value.IsUnstable(CodeAt(text, i)))
                return i;
        }
        return -1;
    }

    // The start of the preceding character, which may combine, unless it is already done.
    private static int SegmentBefore(string text, int place, int done)
    {
        if (place == done)
            return place;
        return place - 2 >= done && char.IsLowSurrogate(text[place - 1]) && char.IsHighSurrogate(text[place - 2]) ? place - 2 : place - 1;
    }

    private static int Width(string text, int place) =>
        char.IsHighSurrogate(text[place]) && place + 1 < text.Length && char.IsLowSurrogate(text[place + 1]) ? 2 : 1;

    // An unpaired surrogate stands for itself.
    private static int CodeAt(string text, int place) =>
        Width(text, place) == 2 ? char.ConvertToUtf32(text[place], text[place + 1]) : text[place];

    private static void Append(StringBuilder result, ReadOnlySpan<char> segment)
    {
        string text = segment.ToString();
        var codes = new List<(int Code, int Class)>();
        for (int i = 0; i < text.Length; i += Width(text, i))
            Decompose(CodeAt(text, i), codes);
        Order(codes);
        Compose(codes);
        foreach ((int code, _) in codes)
        {
            if (code is >= 0xD800 and < 0xE000)
                result.Append((char)code);
            else
                result.Append(new Rune(code).ToString());
        }
    }

    private static void Decompose(int code, List<(int Code, int Class)> codes)
    {
        int syllable = code - SyllableBase;
        if (syllable is >= 0 and < Syllables)
        {
            codes.Add((LeadBase + syllable / (Vowels * Tails), 0));
            codes.Add((VowelBase + syllable % (Vowels * Tails) / Tails, 0));
            if (syllable % Tails > 0)
                codes.Add((TailBase + syllable % Tails, 0));
        }
        else if (Data.Value.Parts.TryGetValue(code, out int[]? parts))
        {
            foreach (int part in parts)
                Decompose(part, codes);
        }
        else
        {
            codes.Add((code, Data.Value.ClassOf(code)));
        }
    }

    // Sorts the marks between two starters by class, stably.
    private static void Order(List<(int Code, int Class)> codes)
    {
        for (int i = 1; i < codes.Count; i++)
        {
            for (int k = i; k > 0 && codes[k].Class > 0 && codes[k - 1].Class > codes[k].Class; k--)
                (codes[k - 1], codes[k]) = (codes[k], codes[k - 1]);
        }
    }

    // A mark composes with the last starter unless a mark of the same or a higher class, or a starter, is in between.
    private static void Compose(List<(int Code, int Class)> codes)
    {
        int starter = -1, kept = 0, lastClass = -1;
        foreach ((int code, int kind) in codes.ToArray())
        {
            if (starter >= 0 && (lastClass < kind || lastClass == -1) && Composed(codes[starter].Code, code) is { } composed)
            {
                codes[starter] = (composed, 0);
                continue;
            }
            if (kind == 0)
                (starter, lastClass) = (kept, -1);
            else
                lastClass = kind;
            codes[kept++] = (code, kind);
        }
        codes.RemoveRange(kept, codes.Count - kept);
    }

    private static int? Composed(int first, int second)
    {
        if (first - LeadBase is >= 0 and < Leads && second - VowelBase is >= 0 and < Vowels)
            return SyllableBase + ((first - LeadBase) * Vowels + second - VowelBase) * Tails;
        if (first - SyllableBase is >= 0 and < Syllables && (first - SyllableBase) % Tails == 0 && second - TailBase is > 0 and < Tails)
            return first + second - TailBase;
        return Data.Value.Pairs.TryGetValue((first, second), out int composed) ? composed : null;
    }

    private sealed class Table
    {
        private readonly Dictionary<int, int> _classes = [];
        private readonly BitArray _unstable = new(0x110000);

        /// <summary>One step of a character's decomposition.</summary>
        public Dictionary<int, int[]> Parts { get; } = [];

        /// <summary>What two characters compose to.</summary>
        public Dictionary<(int First, int Second), int> Pairs { get; } = [];

        public int ClassOf(int code) => _classes.GetValueOrDefault(code);

        /// <summary>Whether form C excludes the character, or it may combine with, or move past, the one before it.</summary>
        public bool IsUnstable(int code) => _unstable[code];

        public static Table Load()
        {
            var table = new Table();
            using var reader = new StreamReader(typeof(CanonicalForm).Assembly.GetManifestResourceStream("CharLM.Corpora.nfc.txt")!);
            while (reader.ReadLine() is { } line)
            {
                if (line[0] != '#')
                    table.Add(line.Split(' '));
            }
            for (int i = 0; i < Vowels; i++)
                table._unstable[VowelBase + i] = true;
            for (int i = 1; i < Tails; i++)
                table._unstable[TailBase + i] = true;
            return table;
        }

        private void Add(string[] words)
        {
            if (words[0] is "=" or "<")
            {
                int code = Hex(words[1]);
                int[] parts = [.. words[2..].Select(Hex)];
                Parts[code] = parts;
                if (words[0] == "<")
                {
                    _unstable[code] = true;
                    return;
                }
                Pairs[(parts[0], parts[1])] = code;
                _unstable[parts[1]] = true;
                return;
            }
            for (int code = Hex(words[0]); code <= Hex(words[1]); code++)
            {
                _classes[code] = int.Parse(words[2], CultureInfo.InvariantCulture);
                _unstable[code] = true;
            }
        }

        private static int Hex(string word) => int.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
