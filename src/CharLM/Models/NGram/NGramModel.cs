using CharLM.Tokenization;

namespace CharLM.Models.NGram;

/// <summary>
/// Interpolated modified Kneser-Ney: what follows is told from the last tokens, by how often it followed them, mixed with
/// what follows the last tokens but one, and so on down to 1/vocab (Kneser and Ney 1995; Chen and Goodman 1999). The
/// baseline that a recurrent network has to beat.
/// </summary>
/// <remarks>
/// <para>
/// p(w | h) = max(c(h w) - D, 0) / c(h) + b(h) p(w | h without its first token), where b(h) is what the discounts D took
/// off. The longest n-grams have their occurrences as c; shorter ones the number of different tokens that
/// stand before them.
/// </para>
/// <para>Thread safety: never changes; any number of threads.</para>
/// </remarks>
public sealed class NGramModel : ILanguageModel
{
    /// <summary>The greatest order.</summary>
    public const int MaxOrder = 10;

    /// <summary>A model of counted n-grams.</summary>
    /// <param name="levels">Level k holds the n-grams of k tokens, from the empty one on.</param>
    /// <param name="vocabSize">Tokens of the vocab.</param>
    internal NGramModel(NGramLevel[] levels, int vocabSize)
    {
        (Levels, VocabSize) = (levels, vocabSize);
        Discounts = [.. levels.Skip(1).Select(level => NGram.Discounts.Of(level.Counts))];
        for (int length = 0; length < Order; length++)
            levels[length].Sum(levels[length + 1], Discounts[length]);
    }

    /// <summary>Tokens of the longest n-grams: one more than the longest context.</summary>
    public int Order => Levels.Length - 1;

    /// <inheritdoc/>
    public int VocabSize { get; }

    /// <summary>What is taken off the counts of n-grams of 1 token, of 2, and so on.</summary>
    internal IReadOnlyList<Discounts> Discounts { get; }

    /// <summary>Different n-grams of 1 token, of 2, and so on.</summary>
    public IReadOnlyList<int> NGrams => [.. Levels.Skip(1).Select(level => level.Count)];

    /// <summary>Bytes of memory.</summary>
    public long Bytes => Levels.Sum(level => level.Bytes);

    /// <summary>The counts; level k holds the n-grams of k tokens.</summary>
    internal NGramLevel[] Levels { get; }

    /// <summary>Counts a text.</summary>
    /// <param name="tokens">Token ids, 1 or more of them.</param>
    /// <param name="order">Tokens of the longest n-grams, 1 to <see cref="MaxOrder"/>.</param>
    /// <param name="vocabSize">Tokens of the vocab.</param>
    /// <exception cref="InvalidConfigException">
    /// The order is out of range, there is no text, or the counts take more memory than there is.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">A token id is not one of the vocab's.</exception>
    public static NGramModel Train(TokenSource tokens, int order, int vocabSize) =>
        Train(tokens, order, vocabSize, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <summary>Counts a text with so many bytes of memory.</summary>
    internal static NGramModel Train(TokenSource tokens, int order, int vocabSize, long memory)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabSize);
        InvalidConfigException.ThrowIfAny(Errors(order));
        if (tokens.IsEmpty)
            throw new InvalidConfigException(["there is no text to count n-grams in"]);
        NGramCounter.Require(NGramCounter.BytesOf(tokens.Length), memory, tokens.Length, isAll: false);
        int[] ids = tokens.ToArray();
        int wrong = ids.IndexOfAnyExceptInRange(0, vocabSize - 1);
        if (wrong >= 0)
            throw new ArgumentOutOfRangeException(nameof(tokens), ids[wrong], $"token ids are 0 to {vocabSize - 1}");
        return new NGramModel(NGramCounter.Count(ids, order, vocabSize, memory), vocabSize);
    }

    /// <summary>Every error of an order, empty when there is none.</summary>
    public static IEnumerable<string> Errors(int order)
    {
        if (order is < 1 or > MaxOrder)
            yield return $"order must be 1 to {MaxOrder}, not {order}";
    }

    /// <inheritdoc/>
    public IPredictor Predictor() => new NGramPredictor(this);

    /// <summary>Nothing to do: the counts are managed memory.</summary>
    public void Dispose()
    {
    }
}

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

/// <summary>
/// What modified Kneser-Ney smoothing takes off the count of an n-gram, to be shared out by the shorter context (Chen and
/// Goodman 1999, equations 24 to 26).
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="One">Taken off a count of 1, in [0, 1].</param>
/// <param name="Two">Taken off a count of 2, in [0, 2].</param>
/// <param name="ThreeOrMore">Taken off greater counts, in [0, 3].</param>
internal sealed record Discounts(double One, double Two, double ThreeOrMore)
{
    /// <summary>
    /// What stands in where counts allow no estimate (few kinds of tokens are all frequent, a short text has none twice):
    /// 0.5, 1, 1.5, as in KenLM.
    /// </summary>
    public static Discounts Fallback { get; } = new(0.5, 1, 1.5);

    /// <summary>The estimate for n-grams with these counts.</summary>
    public static Discounts Of(ReadOnlySpan<int> counts)
    {
        // How many n-grams occur once, twice, three and four times.
        Span<double> n = stackalloc double[5];
        foreach (int count in counts)
        {
            if (count is >= 1 and <= 4)
                n[count]++;
        }
        if (n[1] == 0 || n[2] == 0 || n[3] == 0 || n[4] == 0)
            return Fallback;
        double y = n[1] / (n[1] + (2 * n[2]));
        var estimate = new Discounts(1 - (2 * y * n[2] / n[1]), 2 - (3 * y * n[3] / n[2]), 3 - (4 * y * n[4] / n[3]));
        // Counts that do not fall as those of texts do would add instead of taking off.
        return estimate is { One: > 0, Two: > 0, ThreeOrMore: > 0 } ? estimate : Fallback;
    }

    /// <summary>What is taken off a count; nothing off 0.</summary>
    public double Off(int count) => count switch { <= 0 => 0, 1 => One, 2 => Two, _ => ThreeOrMore };
}
