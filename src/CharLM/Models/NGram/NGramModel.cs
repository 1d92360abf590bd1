using CharLM.Tokenization;

namespace CharLM.Models.NGram;

/// <summary>
/// An n-gram model, the baseline that a recurrent network has to beat. By default its counts are smoothed by interpolated modified
/// Kneser-Ney: the counts after the last tokens are mixed with those after ever shorter contexts, down to 1/vocab (Kneser and Ney 1995;
/// Chen and Goodman 1999).
/// </summary>
/// <remarks>
/// <para>
/// With Laplace smoothing, as in Dive into Deep Learning v1.0, 9.3: p(w) = (n(w) + e / vocab) / (n + e), and after a context h
/// p(w | h) = (n(h w) + e p(w)) / (n(h) + e), where n counts occurrences. After a context that never occurred, p(w | h) is p(w).
/// </para>
/// <para>
/// With Kneser-Ney smoothing, p(w | h) = max(c(h w) - D, 0) / c(h) + b(h) p(w | h without its first token), where b(h) is the probability
/// that the discounts D freed. For the longest n-grams c is the number of occurrences; for shorter ones, the number of distinct preceding
/// tokens.
/// </para>
/// <para>Thread safety: never changes; any number of threads.</para>
/// </remarks>
public sealed class NGramModel : ILanguageModel
{
    /// <summary>The greatest order.</summary>
    public const int MaxOrder = 10;

    /// <summary>A model of counted n-grams.</summary>
    /// <param name="levels">Level k holds the n-grams of k tokens, starting with the empty one.</param>
    /// <param name="vocabSize">Number of tokens in the vocab.</param>
    /// <param name="laplace">The weight e of Laplace smoothing; null: Kneser-Ney.</param>
    internal NGramModel(NGramLevel[] levels, int vocabSize, double? laplace = null)
    {
        (Levels, VocabSize, Laplace) = (levels, vocabSize, laplace);
        Discounts = [.. levels.Skip(1).Select(level => NGram.Discounts.Of(level.Counts))];
        for (int length = 0; length < Order; length++)
            levels[length].Sum(levels[length + 1], Discounts[length]);
    }

    /// <summary>Tokens of the longest n-grams: one more than the longest context.</summary>
    public int Order => Levels.Length - 1;

    /// <inheritdoc/>
    public int VocabSize { get; }

    /// <summary>The weight of Laplace smoothing, above 0; null: modified Kneser-Ney.</summary>
    public double? Laplace { get; }

    /// <summary>A model that has counted nothing: every token is as probable as any other.</summary>
    /// <param name="vocabSize">Number of tokens in the vocab.</param>
    internal static NGramModel Uniform(int vocabSize) =>
        new([new NGramLevel([0], [0], [0, 0]), new NGramLevel([], [], [])], vocabSize);

    /// <summary>The discounts of Kneser-Ney for n-grams of 1 token, of 2, and so on.</summary>
    internal IReadOnlyList<Discounts> Discounts { get; }

    /// <summary>The number of distinct n-grams of 1 token, of 2, and so on.</summary>
    public IReadOnlyList<int> NGrams => [.. Levels.Skip(1).Select(level => level.Count)];

    /// <summary>Memory that the counts take, in bytes.</summary>
    public long Bytes => Levels.Sum(level => level.Bytes);

    /// <summary>The counts; level k holds the n-grams of k tokens.</summary>
    internal NGramLevel[] Levels { get; }

    /// <summary>Trains a model by counting a text.</summary>
    /// <param name="tokens">Token ids, 1 or more.</param>
    /// <param name="order">Tokens of the longest n-grams, 1 to <see cref="MaxOrder"/>.</param>
    /// <param name="vocabSize">Number of tokens in the vocab.</param>
    /// <param name="laplace">The weight of Laplace smoothing, above 0 and finite; default null: modified Kneser-Ney.</param>
    /// <exception cref="InvalidConfigException">
    /// The order or the weight is out of range, there is no text, or the counts take more memory than there is.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">A token id is not in the vocab.</exception>
    public static NGramModel Train(TokenSource tokens, int order, int vocabSize, double? laplace = null) =>
        Train(tokens, order, vocabSize, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, laplace);

    /// <summary>Counts a text with so many bytes of memory.</summary>
    internal static NGramModel Train(TokenSource tokens, int order, int vocabSize, long memory, double? laplace = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabSize);
        InvalidConfigException.ThrowIfAny(Errors(order, laplace));
        if (tokens.IsEmpty)
            throw new InvalidConfigException(["there is no text to count n-grams in"]);
        NGramCounter.Require(NGramCounter.BytesOf(tokens.Length), memory, tokens.Length, isAll: false);
        int[] ids = tokens.ToArray();
        int wrong = ids.IndexOfAnyExceptInRange(0, vocabSize - 1);
        if (wrong >= 0)
            throw new ArgumentOutOfRangeException(nameof(tokens), ids[wrong], $"token ids are 0 to {vocabSize - 1}");
        return new NGramModel(NGramCounter.Count(ids, order, vocabSize, memory, occurrences: laplace is not null), vocabSize, laplace);
    }

    /// <summary>Every error of an order and a weight of Laplace smoothing; empty when there is none.</summary>
    public static IEnumerable<string> Errors(int order, double? laplace = null)
    {
        if (laplace is { } weight && !(weight > 0 && double.IsFinite(weight)))
            yield return $"epsilon must be above 0 and finite, not {weight}";
        if (order is < 1 or > MaxOrder)
            yield return $"order must be 1 to {MaxOrder}, not {order}";
    }

    /// <inheritdoc/>
    public IPredictor Predictor() => new NGramPredictor(this);

    /// <summary>Does nothing: the counts are managed memory.</summary>
    public void Dispose()
    {
    }
}

/// <summary>
/// All n-grams of one length, in the order of their tokens. Those that continue the same parent, the n-gram of one token less, are
/// adjacent.
/// </summary>
internal sealed class NGramLevel
{
    /// <summary>The n-grams of one length.</summary>
    /// <param name="tokens">The last token of each.</param>
    /// <param name="counts">The count of each: occurrences for the longest n-grams, and with Laplace smoothing for all; else distinct
    /// preceding tokens for the others.</param>
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

    /// <summary>The share of the probability that each leaves to the shorter context.</summary>
    public float[] Backoffs { get; private set; } = [];

    /// <summary>Number of n-grams.</summary>
    public int Count => Tokens.Length;

    /// <summary>Bytes of the arrays.</summary>
    public long Bytes => sizeof(int) * ((long)Tokens.Length + Counts.Length + FirstChild.Length + Totals.Length + Backoffs.Length);

    /// <summary>Sums the continuations of each n-gram.</summary>
    /// <param name="children">The level above.</param>
    /// <param name="discounts">The discounts for its counts.</param>
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

    /// <summary>The index of a continuation one level up; -1 when there is none.</summary>
    public int Child(NGramLevel children, int node, int token)
    {
        int begin = FirstChild[node];
        int place = children.Tokens.AsSpan(begin, FirstChild[node + 1] - begin).BinarySearch(token);
        return place < 0 ? -1 : begin + place;
    }
}

/// <summary>
/// The discounts that modified Kneser-Ney smoothing subtracts from n-gram counts and leaves to the shorter context (Chen and Goodman
/// 1999, equations 24 to 26).
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="One">For a count of 1, in [0, 1].</param>
/// <param name="Two">For a count of 2, in [0, 2].</param>
/// <param name="ThreeOrMore">For greater counts, in [0, 3].</param>
internal sealed record Discounts(double One, double Two, double ThreeOrMore)
{
    /// <summary>
    /// The fallback when counts allow no estimate (a few kinds of tokens, all frequent, or a short text without repeats): 0.5, 1, 1.5,
    /// as in KenLM.
    /// </summary>
    public static Discounts Fallback { get; } = new(0.5, 1, 1.5);

    /// <summary>The estimate for n-grams with these counts.</summary>
    public static Discounts Of(ReadOnlySpan<int> counts)
    {
        // n[k]: how many n-grams occur k times.
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
        // Counts that do not decrease as in normal text would give negative discounts.
        return estimate is { One: > 0, Two: > 0, ThreeOrMore: > 0 } ? estimate : Fallback;
    }

    /// <summary>The discount for a count; 0 for 0.</summary>
    public double Off(int count) => count switch { <= 0 => 0, 1 => One, 2 => Two, _ => ThreeOrMore };
}
