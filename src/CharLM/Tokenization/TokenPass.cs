using System.Runtime.InteropServices;
using System.Text;

namespace CharLM.Tokenization;

/// <summary>
/// Splits a text into tokens part by part, with the same result wherever it is cut; counts them and numbers them in order of first
/// appearance.
/// </summary>
internal abstract class TokenPass
{
    // Numbers per call of the sink.
    private const int BlockLength = 1 << 12;

    private readonly List<string> _tokens = [];
    private readonly int[] _block = new int[BlockLength];
    private long[] _counts = new long[256];
    private int _blockLength;

    /// <summary>The number of the first token to appear; default 0.</summary>
    public int FirstId { get; init; }

    /// <summary>Receives the numbers; null only counts them.</summary>
    public Action<ReadOnlySpan<int>>? Sink { get; set; }

    /// <summary>How many complete tokens were read.</summary>
    public long Total { get; private set; }

    /// <summary>How many tokens have begun: one more than are complete when the last may continue.</summary>
    public abstract long Begun { get; }

    /// <summary>How many different tokens were read.</summary>
    public int Kinds => _tokens.Count;

    /// <summary>The different tokens with their frequencies, in order of first appearance.</summary>
    public IReadOnlyList<TokenCount> Counts => [.. _tokens.Select((token, i) => new TokenCount(token, _counts[i]))];

    /// <summary>Reads the next part; its last token may continue in the part after it.</summary>
    public abstract void Add(ReadOnlySpan<char> part);

    /// <summary>Completes the last token and passes all numbers to the sink.</summary>
    public abstract void End();

    /// <summary>Where in the next part a token begins.</summary>
    /// <param name="next">The next part.</param>
    /// <param name="token">Which, from 0 for the first that begins there.</param>
    public abstract int PlaceOf(ReadOnlySpan<char> next, long token);

    /// <summary>Passes the numbers so far to the sink.</summary>
    public void Flush()
    {
        Sink?.Invoke(_block.AsSpan(0, _blockLength));
        _blockLength = 0;
    }

    /// <summary>Adds a new token.</summary>
    /// <returns>Its index.</returns>
    protected int Appear(string token)
    {
        _tokens.Add(token);
        if (_tokens.Count > _counts.Length)
            Array.Resize(ref _counts, 2 * _counts.Length);
        return _tokens.Count - 1;
    }

    /// <summary>Emits one token.</summary>
    protected void Put(int place)
    {
        if (_blockLength == BlockLength)
            Flush();
        _counts[place]++;
        _block[_blockLength++] = place + FirstId;
        Total++;
    }

    /// <summary>Emits leading characters, as long as the table has them and the block has room.</summary>
    /// <param name="part">The characters.</param>
    /// <param name="pages">Index + 1 by the upper and lower byte of a character; 0 if it is unknown.</param>
    /// <returns>How many characters were emitted.</returns>
    protected int PutKnown(ReadOnlySpan<char> part, int[][] pages)
    {
        if (_blockLength == BlockLength)
            Flush();
        int most = Math.Min(part.Length, BlockLength - _blockLength), i = 0, first = FirstId - 1;
        Span<int> ids = _block.AsSpan(_blockLength, most);
        long[] counts = _counts;
        int[] low = pages[0];
        for (; i < ids.Length; i++)
        {
            int c = part[i], place = c < 256 ? low[c] : pages[c >> 8][c & 0xFF];
            if (place == 0)
                break;
            counts[place - 1]++;
            ids[i] = place + first;
        }
        _blockLength += i;
        Total += i;
        return i;
    }
}

/// <summary>Reads characters (Unicode scalar values), or UTF-16 units one by one.</summary>
/// <param name="units">Whether each unit is a token; otherwise a surrogate pair is one token, and a lone surrogate reads as U+FFFD.</param>
internal sealed class CharPass(bool units = false) : TokenPass
{
    // Shared by all pages without a known character.
    private static readonly int[] Empty = new int[256];

    private readonly int[][] _pages = [.. Enumerable.Repeat(Empty, 256)];
    private readonly Dictionary<Rune, int> _beyond = [];

    // The first half of a pair whose second half may begin the next part.
    private char _high;

    /// <inheritdoc/>
    public override long Begun => Total + (_high == 0 ? 0 : 1);

    /// <inheritdoc/>
    public override void Add(ReadOnlySpan<char> part)
    {
        if (_high != 0 && part.Length > 0)
        {
            bool isPair = char.IsLowSurrogate(part[0]);
            PutRune(isPair ? new Rune(_high, part[0]) : Rune.ReplacementChar);
            _high = '\0';
            part = part[(isPair ? 1 : 0)..];
        }
        while (true)
        {
            // Surrogates are never in the table.
            part = part[PutKnown(part, _pages)..];
            if (part.IsEmpty)
                return;
            char c = part[0];
            if (units || !char.IsSurrogate(c))
            {
                if (_pages[c >> 8][c & 0xFF] == 0)
                    Enter(c, Appear(c.ToString()));
                continue;
            }
            if (char.IsHighSurrogate(c) && part.Length == 1)
            {
                _high = c;
                return;
            }
            Rune.DecodeFromUtf16(part, out Rune rune, out int used);
            PutRune(rune);
            part = part[used..];
        }
    }

    /// <inheritdoc/>
    public override void End()
    {
        if (_high != 0)
            PutRune(Rune.ReplacementChar);
        _high = '\0';
        Flush();
    }

    /// <inheritdoc/>
    public override int PlaceOf(ReadOnlySpan<char> next, long token)
    {
        int place = _high != 0 && next.Length > 0 && char.IsLowSurrogate(next[0]) ? 1 : 0;
        for (; token > 0 && place < next.Length; token--)
            place += !units && char.IsHighSurrogate(next[place]) && place + 1 < next.Length && char.IsLowSurrogate(next[place + 1]) ? 2 : 1;
        return place;
    }

    private void Enter(char c, int place)
    {
        if (_pages[c >> 8] == Empty)
            _pages[c >> 8] = new int[256];
        _pages[c >> 8][c & 0xFF] = place + 1;
    }

    private void PutRune(Rune rune)
    {
        if (rune.IsBmp)
        {
            char c = (char)rune.Value;
            if (_pages[c >> 8][c & 0xFF] == 0)
                Enter(c, Appear(rune.ToString()));
            Put(_pages[c >> 8][c & 0xFF] - 1);
            return;
        }
        if (!_beyond.TryGetValue(rune, out int place))
            _beyond[rune] = place = Appear(rune.ToString());
        Put(place);
    }
}

/// <summary>Reads runs of characters between white space.</summary>
internal sealed class WordPass : TokenPass
{
    // A limit for files without white space, which would otherwise be one word of any size.
    private const int LongestWord = 16 << 20;

    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly StringBuilder _begun = new();

    /// <inheritdoc/>
    public override long Begun => Total + (_begun.Length == 0 ? 0 : 1);

    /// <inheritdoc/>
    public override void Add(ReadOnlySpan<char> part)
    {
        int position = 0;
        if (_begun.Length > 0 && part.Length > 0)
        {
            if (!WordTokenizer.IsWhiteSpace(part[0]))
                Keep(WordTokenizer.NextWord(part, ref position));
            if (position < part.Length)
                Complete();
        }
        while (WordTokenizer.NextWord(part, ref position) is { Length: > 0 } word)
        {
            if (position == part.Length)
                Keep(word);
            else
                PutWord(word);
        }
    }

    /// <inheritdoc/>
    public override void End()
    {
        Complete();
        Flush();
    }

    /// <inheritdoc/>
    public override int PlaceOf(ReadOnlySpan<char> next, long token)
    {
        int place = 0;
        if (_begun.Length > 0 && next.Length > 0 && !WordTokenizer.IsWhiteSpace(next[0]))
            WordTokenizer.NextWord(next, ref place);
        for (; token > 0 && WordTokenizer.NextWord(next, ref place).Length > 0; token--)
        {
        }
        while (place < next.Length && WordTokenizer.IsWhiteSpace(next[place]))
            place++;
        return place;
    }

    private void Keep(ReadOnlySpan<char> part)
    {
        _begun.Append(part);
        if (_begun.Length > LongestWord)
            throw new InvalidConfigException([$"the text has a word of more than {LongestWord} characters: read it in characters"]);
    }

    private void Complete()
    {
        if (_begun.Length > 0)
            PutWord(_begun.ToString());
        _begun.Clear();
    }

    private void PutWord(ReadOnlySpan<char> word)
    {
        ref int place = ref CollectionsMarshal.GetValueRefOrAddDefault(
            _places.GetAlternateLookup<ReadOnlySpan<char>>(), word, out bool known);
        if (!known)
            place = Appear(word.ToString());
        Put(place);
    }
}
