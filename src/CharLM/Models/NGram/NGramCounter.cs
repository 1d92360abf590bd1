using System.Globalization;

namespace CharLM.Models.NGram;

/// <summary>
/// Counts the n-grams of a text for all lengths up to an order. The positions of the text are sorted once, by the tokens from there on;
/// equal n-grams of every length are then adjacent, and one pass counts them. Time and memory grow with the number of tokens and the
/// order, not with the vocab.
/// </summary>
internal sealed class NGramCounter
{
    // A token, its place before and after each sorting, and how much it shares with the one before.
    private const int BytesOfToken = (3 * sizeof(int)) + 1;

    // An n-gram's token, count, first child, total and backoff.
    private const int BytesOfNGram = 5 * sizeof(int);

    private readonly int[] _tokens;
    private readonly int _order;
    private readonly long _memory;
    private readonly int[] _places;
    private readonly byte[] _shared;

    private NGramCounter(int[] tokens, int order, int vocabSize, long memory)
    {
        (_tokens, _order, _memory) = (tokens, order, memory);
        _places = Sort(vocabSize);
        _shared = new byte[tokens.Length];
        for (int i = 1; i < _places.Length; i++)
            _shared[i] = (byte)SharedTokens(_places[i - 1], _places[i]);
    }

    /// <summary>Counts the n-grams of a text.</summary>
    /// <param name="tokens">Token ids, below <paramref name="vocabSize"/>.</param>
    /// <param name="order">The greatest length.</param>
    /// <param name="vocabSize">Number of tokens in the vocab.</param>
    /// <param name="memory">Bytes that may be taken.</param>
    /// <param name="occurrences">Whether to count the occurrences of shorter n-grams, too, instead of the distinct tokens before
    /// them.</param>
    /// <returns>Level k holds the n-grams of k tokens; level 0 is the empty one.</returns>
    /// <exception cref="InvalidConfigException">They are not enough.</exception>
    public static NGramLevel[] Count(int[] tokens, int order, int vocabSize, long memory = long.MaxValue,
        bool occurrences = false)
    {
        var counter = new NGramCounter(tokens, order, vocabSize, memory);
        NGramLevel[] levels = counter.ReadOff(occurrences ? 1 : order);
        for (int length = order - 1; length >= 1 && !occurrences; length--)
            counter.CountPredecessors(length, levels[length].Counts);
        return levels;
    }

    /// <summary>Bytes that counting takes beside the n-grams themselves.</summary>
    public static long BytesOf(long tokens) => BytesOfToken * tokens;

    /// <summary>Throws when counting takes more than there is.</summary>
    /// <param name="bytes">What it takes.</param>
    /// <param name="memory">What there is.</param>
    /// <param name="tokens">Tokens that are counted.</param>
    /// <param name="isAll">Whether the n-grams are among the bytes.</param>
    public static void Require(long bytes, long memory, long tokens, bool isAll)
    {
        if (bytes <= memory && tokens <= Array.MaxLength)
            return;
        long fit = (long)Math.Min(Array.MaxLength, (double)tokens * memory / bytes * (isAll ? 0.9 : 0.3));
        throw new InvalidConfigException(
            [$"counting the n-grams of {tokens} tokens takes {(isAll ? "" : "more than ")}{Gigabytes(bytes)} GB of memory, and there are "
                + $"{Gigabytes(memory)} GB: count fewer tokens (max-tokens {fit}, say), or shorter n-grams"]);

        static string Gigabytes(long bytes) => (bytes / 1e9).ToString("0.0##", CultureInfo.InvariantCulture);
    }

    // Whether the n-gram of a length at a sorted position differs from the one at the position before.
    private bool IsNew(int i, int length) => _shared[i] < length && Fits(_places[i], length);

    private bool Fits(int place, int length) => place + length <= _tokens.Length;

    // Radix sort from the last token to the first; the end of the text sorts before every token.
    private int[] Sort(int vocabSize)
    {
        int[] places = [.. Enumerable.Range(0, _tokens.Length)], sorted = new int[_tokens.Length];
        var starts = new int[vocabSize + 2];
        for (int offset = _order - 1; offset >= 0; offset--)
        {
            Array.Clear(starts);
            foreach (int place in places)
                starts[Key(place + offset) + 1]++;
            for (int key = 1; key < starts.Length; key++)
                starts[key] += starts[key - 1];
            foreach (int place in places)
                sorted[starts[Key(place + offset)]++] = place;
            (places, sorted) = (sorted, places);
        }
        return places;
    }

    private int Key(int place) => place < _tokens.Length ? _tokens[place] + 1 : 0;

    private int SharedTokens(int left, int right)
    {
        int most = Math.Min(_order, _tokens.Length - Math.Max(left, right)), shared = 0;
        while (shared < most && _tokens[left + shared] == _tokens[right + shared])
            shared++;
        return shared;
    }

    // Fills tokens and continuations of all levels, and the occurrences of n-grams of at least a length.
    private NGramLevel[] ReadOff(int shortestCounted)
    {
        NGramLevel[] levels = Allocate();
        var reached = new int[_order + 1]; // n-grams of each level so far
        for (int i = 0; i < _places.Length; i++)
        {
            for (int length = 1; length <= _order; length++)
            {
                if (!IsNew(i, length))
                    continue;
                levels[length].Tokens[reached[length]] = _tokens[_places[i] + length - 1];
                if (length < _order)
                    levels[length].FirstChild[reached[length]] = reached[length + 1];
                reached[length]++;
            }
            for (int length = shortestCounted; length <= _order && Fits(_places[i], length); length++)
                levels[length].Counts[reached[length] - 1]++;
        }
        return levels;
    }

    private NGramLevel[] Allocate()
    {
        var sizes = new int[_order + 1];
        for (int i = 0; i < _places.Length; i++)
        {
            for (int length = 1; length <= _order; length++)
                sizes[length] += IsNew(i, length) ? 1 : 0;
        }
        sizes[0] = 1;
        Require(
            BytesOf(_tokens.Length) + (sizeof(int) * (long)_tokens.Length) + (BytesOfNGram * sizes.Sum(size => (long)size)), _memory,
            _tokens.Length, isAll: true);
        var levels = new NGramLevel[_order + 1];
        for (int length = 0; length <= _order; length++)
        {
            var firstChild = new int[length == _order ? 0 : sizes[length] + 1];
            if (length < _order)
                firstChild[^1] = sizes[length + 1];
            levels[length] = new NGramLevel(new int[sizes[length]], new int[sizes[length]], firstChild);
        }
        return levels;
    }

    // The count of a shorter n-gram is the number of distinct tokens before it: one for each longer n-gram that ends in it.
    private void CountPredecessors(int length, int[] counts)
    {
        var nodeAt = new int[_tokens.Length];
        int node = -1;
        for (int i = 0; i < _places.Length; i++)
        {
            if (IsNew(i, length))
                node++;
            nodeAt[_places[i]] = node;
        }
        for (int i = 0; i < _places.Length; i++)
        {
            if (IsNew(i, length + 1))
                counts[nodeAt[_places[i] + 1]]++;
        }
    }
}
