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
    public IReadOnlyList<Discounts> Discounts { get; }

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
    /// <exception cref="InvalidConfigException">The order is out of range, or there is no text.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A token id is not one of the vocab's.</exception>
    public static NGramModel Train(ReadOnlyMemory<int> tokens, int order, int vocabSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabSize);
        InvalidConfigException.ThrowIfAny(Faults(order));
        if (tokens.IsEmpty)
            throw new InvalidConfigException(["there is no text to count n-grams in"]);
        int wrong = tokens.Span.IndexOfAnyExceptInRange(0, vocabSize - 1);
        if (wrong >= 0)
            throw new ArgumentOutOfRangeException(nameof(tokens), tokens.Span[wrong], $"token ids are 0 to {vocabSize - 1}");
        return new NGramModel(NGramCounter.Count(tokens.ToArray(), order, vocabSize), vocabSize);
    }

    /// <summary>Every fault of an order, empty when there is none.</summary>
    public static IEnumerable<string> Faults(int order)
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
