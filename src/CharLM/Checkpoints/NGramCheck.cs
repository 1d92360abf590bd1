using CharLM.Models.NGram;

namespace CharLM.Checkpoints;

/// <summary>Checks that lists read from a file can be counted n-grams, so that no look-up leaves them.</summary>
internal static class NGramCheck
{
    /// <summary>Checks all levels.</summary>
    /// <param name="levels">Level k holds the n-grams of k tokens.</param>
    /// <param name="vocabSize">Tokens of the vocab.</param>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static void Levels(NGramLevel[] levels, int vocabSize)
    {
        for (int length = 1; length < levels.Length; length++)
        {
            NGramLevel level = levels[length], shorter = levels[length - 1];
            if (level.Counts.Length != level.Count)
                throw new FormatException($"has {level.Count} n-grams of {length} tokens with {level.Counts.Length} counts");
            if (level.Tokens.AsSpan().ContainsAnyExceptInRange(0, vocabSize - 1))
                throw new FormatException($"has n-grams of {length} tokens with a token that its vocab has not");
            if (level.Counts.AsSpan().ContainsAnyExceptInRange(0, int.MaxValue) || level.Counts.Sum(count => (long)count) > int.MaxValue)
                throw new FormatException($"has n-grams of {length} tokens with counts that cannot be");
            CheckChildren(shorter, level, length);
        }
    }

    private static void CheckChildren(NGramLevel level, NGramLevel children, int length)
    {
        if (level.FirstChild.Length != level.Count + 1 || level.FirstChild[0] != 0 || level.FirstChild[^1] != children.Count)
            throw new FormatException($"does not say which n-grams of {length - 1} tokens its n-grams of {length} continue");
        for (int node = 0; node < level.Count; node++)
        {
            (int begin, int end) = (level.FirstChild[node], level.FirstChild[node + 1]);
            if (begin < 0 || begin > end || end > children.Count)
                throw new FormatException($"has continuations of n-grams of {length - 1} tokens out of order");
            for (int child = begin + 1; child < end; child++)
            {
                if (children.Tokens[child] <= children.Tokens[child - 1])
                    throw new FormatException($"has n-grams of {length} tokens out of order");
            }
        }
    }
}
