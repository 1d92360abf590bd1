using System.Runtime.InteropServices;

namespace CharLM.Workbench.Statistics;

/// <summary>
/// Counts the n-grams of a stream of tokens in bounded memory: when there are too many different ones, the rarest are dropped (Manku and
/// Motwani 2002, "Approximate frequency counts over data streams"). Until then every count is exact.
/// </summary>
/// <param name="order">Tokens of an n-gram, 2 to 5.</param>
/// <param name="most">The number of different n-grams to keep at most.</param>
internal sealed class NGramCounter(int order, int most = NGramCounter.DefaultMost)
{
    /// <summary>The most tokens of an n-gram, which have to fit into 128 bits.</summary>
    public const int LongestOrder = 5;

    /// <summary>The default number of different n-grams: about 70 bytes each.</summary>
    public const int DefaultMost = 1 << 20;

    private const int BitsOfToken = 25;

    private readonly UInt128 _mask = (UInt128.One << (BitsOfToken * order)) - 1;
    private readonly Dictionary<UInt128, Entry> _counts = [];
    private UInt128 _window;
    private int _length;

    /// <summary>Tokens of an n-gram.</summary>
    public int Order => order;

    /// <summary>How many n-grams were read.</summary>
    public long Total { get; private set; }

    /// <summary>How many different n-grams are kept.</summary>
    public int Kinds => _counts.Count;

    /// <summary>How many times n-grams were dropped; one that came back is counted again.</summary>
    public long DroppedKinds { get; private set; }

    /// <summary>No n-gram that is not kept occurs more often; 0 if none was dropped.</summary>
    public long MostDropped { get; private set; }

    /// <summary>Reads the next tokens.</summary>
    public void Add(ReadOnlySpan<int> tokens)
    {
        foreach (int token in tokens)
        {
            if ((uint)token >= 1 << BitsOfToken)
            {
                // More kinds of tokens than 25 bits: the latest are rare.
                Break();
                continue;
            }
            _window = ((_window << BitsOfToken) | (uint)token) & _mask;
            if (++_length < order)
                continue;
            Total++;
            ref Entry entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, _window, out bool known);
            if (!known)
                entry.Error = MostDropped;
            entry.Count++;
            if (!known && _counts.Count > most)
                Prune();
        }
    }

    /// <summary>Ends a document: no n-gram contains tokens on both sides.</summary>
    public void Break() => _length = 0;

    /// <summary>The n-grams by descending count, then in order of their tokens' first appearance.</summary>
    public NGramCount[] Sorted() => [.. _counts.OrderByDescending(pair => pair.Value.Count).ThenBy(pair => pair.Key)
        .Select(pair => new NGramCount(TokensOf(pair.Key), pair.Value.Count, pair.Value.Error))];

    // Drops at least half of the n-grams: all that may have occurred at most so often.
    private void Prune()
    {
        long[] bounds = [.. _counts.Values.Select(entry => entry.Count + entry.Error)];
        Array.Sort(bounds);
        MostDropped = Math.Max(bounds[bounds.Length / 2], MostDropped);
        foreach ((UInt128 key, Entry entry) in _counts)
        {
            if (entry.Count + entry.Error > MostDropped)
                continue;
            _counts.Remove(key);
            DroppedKinds++;
        }
    }

    private int[] TokensOf(UInt128 key) =>
        [.. Enumerable.Range(0, order).Select(i => (int)(uint)(key >> (BitsOfToken * (order - 1 - i))) & ((1 << BitsOfToken) - 1))];

    private struct Entry
    {
        public long Count, Error;
    }
}

/// <summary>An n-gram and how often it was counted.</summary>
/// <param name="Tokens">Its tokens' numbers.</param>
/// <param name="Count">The count since it was last dropped.</param>
/// <param name="Error">The true count is at most so much higher; 0 if the count is exact.</param>
internal sealed record NGramCount(int[] Tokens, long Count, long Error);
