namespace CharLM.Models.NGram;

/// <summary>
/// Counts the n-grams of a text for all lengths up to an order. The positions of the text are sorted once, by the tokens from there on;
/// equal n-grams of every length are then adjacent, and one pass counts them. Time and memory grow with the number of tokens and the
/// order, not with the vocab.
/// </summary>
internal sealed class NGramCounter
{
    private readonly int[] _tokens;
    private readonly int _order;
    private readonly int[] _places;
    private readonly byte[] _shared;

    private NGramCounter(int[] tokens, int order, int vocabSize)
    {
        (_tokens, _order) = (tokens, order);
        _places = Sort(vocabSize);
        _shared = new byte[tokens.Length];
        for (int i = 1; i < _places.Length; i++)
            _shared[i] = (byte)SharedTokens(_places[i - 1], _places[i]);
    }

    /// <summary>Counts the n-grams of a text.</summary>
    /// <param name="tokens">Token ids, below <paramref name="vocabSize"/>.</param>
    /// <param name="order">The greatest length.</param>
    /// <param name="vocabSize">Number of tokens in the vocab.</param>
    /// <returns>Level k holds the n-grams of k tokens; level 0 is the empty one.</returns>
    public static NGramLevel[] Count(int[] tokens, int order, int vocabSize)
    {
        var counter = new NGramCounter(tokens, order, vocabSize);
        NGramLevel[] levels = counter.ReadOff();
        for (int length = order - 1; length >= 1; length--)
            counter.CountPredecessors(length, levels[length].Counts);
        return levels;
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

    // Fills tokens and continuations of all levels, and the occurrences of the longest n-grams.
    private NGramLevel[] ReadOff()
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
            if (Fits(_places[i], _order))
                levels[_order].Counts[reached[_order] - 1]++;
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
