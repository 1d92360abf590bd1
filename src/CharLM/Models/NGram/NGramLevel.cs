namespace CharLM.Models.NGram;

/// <summary>
/// All n-grams of one length, in the order of their tokens. Those that continue the same n-gram of one token less, their
/// parent, lie side by side.
/// </summary>
internal sealed class NGramLevel
{
    /// <summary>The n-grams of one length.</summary>
    /// <param name="tokens">The last token of each.</param>
    /// <param name="counts">The count of each: occurrences for the longest n-grams, different tokens before it for all others.</param>
    /// <param name="firstChild">Where the continuations of each begin one level up, and where the last ends; empty for the longest.</param>
    public NGramLevel(int[] tokens, int[] counts, int[] firstChild) => (Tokens, Counts, FirstChild) = (tokens, counts, firstChild);

    /// <summary>The last token of each.</summary>
    public int[] Tokens { get; }

    /// <summary>The count of each, 0 or more.</summary>
    public int[] Counts { get; }

    /// <summary>Where the continuations of each begin one level up; one entry more than there are n-grams.</summary>
    public int[] FirstChild { get; }

    /// <summary>The sum of the counts of the continuations of each.</summary>
    public int[] Totals { get; private set; } = [];

    /// <summary>The part of the probability that is left to the shorter context after each.</summary>
    public float[] Backoffs { get; private set; } = [];

    /// <summary>How many there are.</summary>
    public int Count => Tokens.Length;

    /// <summary>Bytes of the arrays.</summary>
    public long Bytes => sizeof(int) * ((long)Tokens.Length + Counts.Length + FirstChild.Length + Totals.Length + Backoffs.Length);

    /// <summary>Sums up the continuations of each n-gram.</summary>
    /// <param name="children">The level above.</param>
    /// <param name="discounts">What is taken off its counts.</param>
    public void Sum(NGramLevel children, Discounts discounts)
    {
        (Totals, Backoffs) = (new int[Count], new float[Count]);
        for (int node = 0; node < Count; node++)
        {
            int total = 0;
            double off = 0;
            for (int child = FirstChild[node]; child < FirstChild[node + 1]; child++)
            {
                total += children.Counts[child];
                off += discounts.Off(children.Counts[child]);
            }
            (Totals[node], Backoffs[node]) = (total, total == 0 ? 1 : (float)(off / total));
        }
    }

    /// <summary>The place of a continuation one level up, -1 where there is none.</summary>
    public int Child(NGramLevel children, int node, int token)
    {
        int begin = FirstChild[node];
        int place = children.Tokens.AsSpan(begin, FirstChild[node + 1] - begin).BinarySearch(token);
        return place < 0 ? -1 : begin + place;
    }
}
