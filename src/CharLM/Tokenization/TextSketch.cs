using CharLM.Randomness;

namespace CharLM.Tokenization;

/// <summary>
/// A sample of a text's passages, hashed, a few kilobytes at most: estimates which fraction of another text's passages, in the same tokens,
/// occurs anywhere in this one.
/// </summary>
/// <remarks>
/// A passage is a fixed number of consecutive tokens of one line; a shorter line is one passage. A sketch keeps the passages with the
/// smallest hashes (Broder 1997), whatever their position: a text that is shifted, cut, extended or reordered is recognized as well as the
/// text itself. Each kept passage represents the text around it. Thread safety: never changes; any number of threads.
/// </remarks>
public sealed class TextSketch
{
    private const int CharsOfPassage = 20, WordsOfPassage = 5;
    private const int HashBits = 28;
    private const int LargestHash = (1 << HashBits) - 1;

    // Keeps an eighth of the passages of a short text, and all of a repetitive one.
    private const int Most = 4096, Least = 256, OneOf = 8;

    // With fewer passages of the other text, there is no estimate.
    private const int FewestToTell = 4;

    private readonly int[] _hashes;

    private TextSketch(int passageLength, int limit, int[] hashes) => (PassageLength, Limit, _hashes) = (passageLength, limit, hashes);

    /// <summary>Tokens per passage: 20 characters, 5 words.</summary>
    public int PassageLength { get; }

    /// <summary>Number of passages kept.</summary>
    public int Count => _hashes.Length;

    /// <summary>The largest kept hash: all passages with hashes up to it are kept.</summary>
    internal int Limit { get; }

    /// <summary>Creates the sketch of a text.</summary>
    /// <param name="tokens">Token ids, as training saw them.</param>
    /// <param name="vocab">The vocab, which tells the ids that end a line.</param>
    /// <param name="kind">Kind of token.</param>
    public static TextSketch Of(TokenSource tokens, Vocab vocab, TokenKind kind)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(vocab);
        int length = kind == TokenKind.Word ? WordsOfPassage : CharsOfPassage, limit = LargestHash;
        var kept = new List<int>();
        var passages = new PassageReader(vocab, length);
        foreach (ReadOnlyMemory<int> block in tokens.Blocks())
        {
            passages.Read(block.Span, limit, (_, hash) => kept.Add(hash));
            if (kept.Count >= 2 * Most)
                (kept, limit) = Smallest(kept, Most, limit);
        }
        passages.End(limit, (_, hash) => kept.Add(hash));
        (kept, limit) = Smallest(kept, Most, limit);
        double count = kept.Count * ((double)LargestHash + 1) / ((double)limit + 1);
        (kept, limit) = Smallest(kept, (int)Math.Clamp(count / OneOf, Least, Most), limit);
        return new TextSketch(length, limit, [.. kept]);
    }

    /// <summary>Combines the sketches of two texts.</summary>
    /// <param name="other">The sketch of another text in the same tokens.</param>
    public TextSketch With(TextSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.PassageLength != PassageLength)
            throw new ArgumentException($"passages of {other.PassageLength} and of {PassageLength} tokens differ", nameof(other));
        int common = Math.Min(Limit, other.Limit);
        (List<int> kept, int limit) = Smallest([.. _hashes.Concat(other._hashes).Where(hash => hash <= common)], Most, common);
        return new TextSketch(PassageLength, limit, [.. kept]);
    }

    /// <summary>
    /// Estimates the fraction of a text's passages that occur in the text of this sketch, in [0, 1]; null if there are too few passages.
    /// </summary>
    /// <param name="tokens">Token ids of the text.</param>
    /// <param name="vocab">The vocab used to create the sketch.</param>
    public double? ShareOf(TokenSource tokens, Vocab vocab)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(vocab);
        var told = new List<(long Place, bool Known)>();
        var passages = new PassageReader(vocab, PassageLength);
        foreach (ReadOnlyMemory<int> block in tokens.Blocks())
            passages.Read(block.Span, Limit, Tell);
        passages.End(Limit, Tell);
        if (told.Count < FewestToTell)
            return null;
        double known = 0, all = 0;
        for (int i = 0; i < told.Count; i++)
        {
            // A passage covers the text halfway to its neighbours.
            double begin = i == 0 ? 0 : (told[i - 1].Place + told[i].Place) / 2.0;
            double end = i == told.Count - 1 ? tokens.Length : (told[i].Place + told[i + 1].Place) / 2.0;
            all += end - begin;
            known += told[i].Known ? end - begin : 0;
        }
        // An unseen passage can share the hash of a seen one.
        double byChance = Count / ((double)Limit + 1);
        return byChance >= 1 ? null : Math.Clamp(((known / all) - byChance) / (1 - byChance), 0, 1);

        void Tell(long place, int hash) => told.Add((place, Array.BinarySearch(_hashes, hash) >= 0));
    }

    /// <summary>Encodes the differences between neighbouring hashes in groups of seven bits, the last group of each below 128.</summary>
    internal byte[] Pack()
    {
        var packed = new List<byte>(2 * Count);
        int before = 0;
        foreach (int hash in _hashes)
        {
            uint left = (uint)(hash - before);
            for (; left >= 128; left >>= 7)
                packed.Add((byte)(left | 128));
            packed.Add((byte)left);
            before = hash;
        }
        return [.. packed];
    }

    /// <summary>Creates a sketch from its parts.</summary>
    /// <exception cref="FormatException">The parts are not those of a sketch.</exception>
    internal static TextSketch Unpack(int passageLength, int limit, byte[] packed)
    {
        if (passageLength is < 1 or > 1000 || limit is < 0 or > LargestHash)
            throw new FormatException($"has a sketch of its text that cannot be: passages of {passageLength} tokens, hashes to {limit}");
        var hashes = new List<int>();
        long hash = 0, difference = 0;
        int shift = 0;
        foreach (byte part in packed)
        {
            difference |= (long)(part & 127) << shift;
            shift += 7;
            if (part >= 128 && shift <= HashBits)
                continue;
            hash += difference;
            if (part >= 128 || hash > limit || (hashes.Count > 0 && difference == 0) || hashes.Count == Most)
                throw new FormatException("has a sketch of its text that is damaged");
            hashes.Add((int)hash);
            (difference, shift) = (0, 0);
        }
        return shift == 0
            ? new TextSketch(passageLength, limit, [.. hashes])
            : throw new FormatException("has a sketch of its text that is cut off");
    }

    // The smallest different hashes in order, up to a maximum number, and the limit up to which they are complete.
    private static (List<int> Hashes, int Limit) Smallest(List<int> hashes, int most, int limit)
    {
        List<int> kept = [.. hashes.Distinct().Order().Take(most + 1)];
        if (kept.Count <= most)
            return (kept, limit);
        kept.RemoveAt(most);
        return (kept, kept[^1]);
    }

    // A rolling polynomial hash of the tokens, mixed at the end.
    private sealed class PassageReader
    {
        private const ulong Base = 0x9E3779B97F4A7C15UL;

        private readonly ulong[] _mixed;
        private readonly bool[] _endsLine;
        private readonly ulong _first = 1;

        // A ring of the line's last tokens.
        private readonly int[] _passage;
        private long _place, _begin;
        private ulong _hash;
        private int _unknown, _next;

        public PassageReader(Vocab vocab, int length)
        {
            _passage = new int[length];
            for (int i = 0; i < length; i++)
                _first *= Base;
            _mixed = [.. Enumerable.Range(0, vocab.Count).Select(id => RandomStream.SplitMix64((ulong)id))];
            _endsLine = new bool[vocab.Count];
            foreach (string end in new[] { "\n", "\r", Vocab.End })
                _endsLine[vocab[end]] = true;
            _endsLine[Vocab.UnknownId] = false;
        }

        // A line with a fifth of a passage or more, mostly of known tokens, is a passage.
        private bool IsShortLine => _place - _begin is var length && length < _passage.Length && length >= Math.Max(1, _passage.Length / 5)
            && 2 * _unknown <= length;

        /// <summary>Reads the next tokens and reports passages whose hash is small enough.</summary>
        public void Read(ReadOnlySpan<int> ids, int limit, Action<long, int> tell)
        {
            int[] passage = _passage;
            foreach (int id in ids)
            {
                if (_endsLine[id])
                {
                    EndLine(limit, tell);
                    _place++;
                    (_begin, _unknown, _hash, _next) = (_place, 0, 0, 0);
                    continue;
                }
                _hash = (_hash * Base) + _mixed[id];
                _unknown += id == Vocab.UnknownId ? 1 : 0;
                long before = _place++ - _begin;
                if (before >= passage.Length)
                {
                    int gone = passage[_next];
                    _hash -= _first * _mixed[gone];
                    _unknown -= gone == Vocab.UnknownId ? 1 : 0;
                }
                passage[_next] = id;
                _next = _next + 1 == passage.Length ? 0 : _next + 1;
                // Passages of mostly unknown tokens look alike, whatever their text.
                if (before >= passage.Length - 1 && 2 * _unknown <= passage.Length && Mix(passage.Length) is var hash && hash <= limit)
                    tell(_place - passage.Length, hash);
            }
        }

        /// <summary>Ends the last line.</summary>
        public void End(int limit, Action<long, int> tell) => EndLine(limit, tell);

        private void EndLine(int limit, Action<long, int> tell)
        {
            if (IsShortLine && Mix((int)(_place - _begin)) is var hash && hash <= limit)
                tell(_begin, hash);
        }

        private int Mix(int size) => (int)(RandomStream.SplitMix64(_hash ^ (ulong)size) >> (64 - HashBits));
    }
}
