using System.Runtime.InteropServices;

namespace CharLM.Tokenization;

/// <summary>Tokens are runs of characters between white space, as Python's <c>str.split()</c> gives them.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
internal sealed class WordTokenizer : Tokenizer
{
    /// <inheritdoc/>
    public override TokenKind Kind => TokenKind.Word;

    /// <inheritdoc/>
    public override string TokenSeparator => " ";

    /// <inheritdoc/>
    public override string LineSeparator => "\n";

    /// <inheritdoc/>
    public override IEnumerable<string> Tokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Words(text);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TokenCount> Count(ReadOnlySpan<char> text)
    {
        var counts = new List<TokenCount>();
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        var placesBySpan = places.GetAlternateLookup<ReadOnlySpan<char>>();
        int position = 0;
        while (NextWord(text, ref position) is { Length: > 0 } word)
        {
            ref int place = ref CollectionsMarshal.GetValueRefOrAddDefault(placesBySpan, word, out bool known);
            if (!known)
            {
                place = counts.Count;
                counts.Add(new TokenCount(word.ToString(), 0));
            }
            ref TokenCount count = ref CollectionsMarshal.AsSpan(counts)[place];
            count = count with { Count = count.Count + 1 };
        }
        return counts;
    }

    /// <inheritdoc/>
    public override int[] Encode(ReadOnlySpan<char> text, Vocab vocab, int? maxTokens = null)
    {
        ArgumentNullException.ThrowIfNull(vocab);
        int words = 0, position = 0;
        while (words < (maxTokens ?? int.MaxValue) && NextWord(text, ref position).Length > 0)
            words++;

        var ids = new int[words];
        position = 0;
        for (int i = 0; i < ids.Length; i++)
            ids[i] = vocab.IdOf(NextWord(text, ref position));
        return ids;
    }

    private static IEnumerable<string> Words(string text)
    {
        int position = 0;
        while (NextWord(text, ref position).ToString() is { Length: > 0 } word)
            yield return word;
    }

    /// <inheritdoc/>
    public override int PlaceOf(ReadOnlySpan<char> text, int token)
    {
        int place = 0;
        for (; token > 0 && NextWord(text, ref place).Length > 0; token--)
        {
        }
        while (place < text.Length && IsWhiteSpace(text[place]))
            place++;
        return place;
    }

    // The next word at or after position, empty at the end; position moves behind it.
    private static ReadOnlySpan<char> NextWord(ReadOnlySpan<char> text, ref int position)
    {
        while (position < text.Length && IsWhiteSpace(text[position]))
            position++;
        int start = position;
        while (position < text.Length && !IsWhiteSpace(text[position]))
            position++;
        return text[start..position];
    }

    // Python adds the four separators of ASCII (file, group, record, unit) to what .NET and Unicode take for white space.
    private static bool IsWhiteSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';
}
