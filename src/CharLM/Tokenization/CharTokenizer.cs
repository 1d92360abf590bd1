using System.Runtime.InteropServices;
using System.Text;

namespace CharLM.Tokenization;

/// <summary>Tokens are Unicode scalar values.</summary>
/// <remarks>
/// <para>
/// The basic plane (65,536 values) is looked up in a flat table, the rest in a dictionary: a corpus is read at the
/// speed of two table look-ups a character.
/// </para>
/// <para>Thread safety: never changes; any number of threads.</para>
/// </remarks>
internal sealed class CharTokenizer : Tokenizer
{
    private const int BasicPlane = char.MaxValue + 1;

    /// <inheritdoc/>
    public override TokenKind Kind => TokenKind.Char;

    /// <inheritdoc/>
    public override string TokenSeparator => "";

    /// <inheritdoc/>
    public override string LineSeparator => "";

    /// <inheritdoc/>
    public override bool IsReserved(string token) => token is ['<', _, .., '>'];

    /// <inheritdoc/>
    public override IEnumerable<string> Tokenize(string text) => text.EnumerateRunes().Select(rune => rune.ToString());

    /// <inheritdoc/>
    public override IReadOnlyList<TokenCount> Count(ReadOnlySpan<char> text)
    {
        var basic = new long[BasicPlane];
        var beyond = new Dictionary<Rune, long>();
        var seen = new List<Rune>();
        for (int i = 0; i < text.Length; i++)
        {
            // A lone surrogate cannot come out of valid UTF-8; from elsewhere it reads as U+FFFD, like everywhere in .NET.
            Rune rune = char.IsSurrogate(text[i]) ? ReadRune(text, ref i) : new Rune(text[i]);
            ref long count = ref basic[0];
            if (rune.IsBmp)
                count = ref basic[rune.Value];
            else
                count = ref CollectionsMarshal.GetValueRefOrAddDefault(beyond, rune, out _);
            if (count++ == 0)
                seen.Add(rune);
        }
        return seen.ConvertAll(rune => new TokenCount(rune.ToString(), rune.IsBmp ? basic[rune.Value] : beyond[rune]));
    }

    /// <inheritdoc/>
    public override int[] Encode(ReadOnlySpan<char> text, Vocab vocab, int? maxTokens = null)
    {
        ArgumentNullException.ThrowIfNull(vocab);
        var basic = new int[BasicPlane];
        var beyond = new Dictionary<Rune, int>();
        for (int id = 0; id < vocab.Count; id++)
        {
            if (Rune.DecodeFromUtf16(vocab[id], out Rune rune, out int used) != System.Buffers.OperationStatus.Done
                || used != vocab[id].Length)
                continue; // <unk> and other reserved tokens are no single character
            if (rune.IsBmp)
                basic[rune.Value] = id;
            else
                beyond[rune] = id;
        }

        var ids = new int[Math.Min(Length(text), maxTokens ?? int.MaxValue)];
        int next = 0;
        for (int i = 0; next < ids.Length; i++)
        {
            Rune rune = char.IsSurrogate(text[i]) ? ReadRune(text, ref i) : new Rune(text[i]);
            ids[next++] = rune.IsBmp ? basic[rune.Value] : beyond.GetValueOrDefault(rune, Vocab.UnknownId);
        }
        return ids;
    }

    /// <inheritdoc/>
    public override int PlaceOf(ReadOnlySpan<char> text, int token)
    {
        int place = 0;
        for (; token > 0 && place < text.Length; token--)
            place += char.IsHighSurrogate(text[place]) && place + 1 < text.Length && char.IsLowSurrogate(text[place + 1]) ? 2 : 1;
        return place;
    }

    /// <summary>The number of scalar values in a text.</summary>
    public static int Length(ReadOnlySpan<char> text)
    {
        int length = text.Length;
        for (int i = text.IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                length--;
        }
        return length;
    }

    // The scalar value that begins at i; i moves to its last half.
    private static Rune ReadRune(ReadOnlySpan<char> text, ref int i)
    {
        Rune.DecodeFromUtf16(text[i..], out Rune rune, out int used);
        i += used - 1;
        return rune;
    }
}
