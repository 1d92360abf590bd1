using CharLM.Corpora;

namespace CharLM.Tokenization;

/// <summary>A corpus as token ids, split into what is trained on and what is held out.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Vocab">Token to id and back.</param>
/// <param name="Train">The ids that are trained on.</param>
/// <param name="HeldOut">The ids after them, which are only measured; may be empty.</param>
/// <param name="NumTokensOfCorpus">Tokens of the whole corpus, before <see cref="TextConfig.MaxTokens"/>.</param>
public sealed record TokenizedText(Vocab Vocab, ReadOnlyMemory<int> Train, ReadOnlyMemory<int> HeldOut, long NumTokensOfCorpus)
{
    // One token is predicted from the other.
    private const int LeastHeldOut = 2;

    /// <summary>Cleans, tokenizes and splits a corpus.</summary>
    /// <param name="text">The raw text.</param>
    /// <param name="config">How.</param>
    /// <param name="vocab">A vocab to encode with, such as a checkpoint's; default: made from the text.</param>
    /// <exception cref="InvalidConfigException">
    /// The configuration is invalid, or what it holds out comes to less than the two tokens that a prediction needs.
    /// </exception>
    public static TokenizedText From(string text, TextConfig config, Vocab? vocab = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        Tokenizer tokenizer = Tokenizer.Create(config.Token);
        string cleaned = TextCleaner.Clean(text, config.Cleaning, tokenizer.LineSeparator);
        IReadOnlyList<TokenCount> counts = tokenizer.Count(cleaned);
        vocab ??= new Vocab(counts, config.MinFreq);
        int[] ids = tokenizer.Encode(cleaned, vocab, config.MaxTokens == 0 ? null : config.MaxTokens);
        int heldOut = (int)(ids.Length * config.ValidationFraction);
        if (config.ValidationFraction > 0 && heldOut < LeastHeldOut && ids.Length > 0)
        {
            double least = Math.Ceiling(10_000.0 * LeastHeldOut / ids.Length) / 10_000;
            string way = least <= TextConfig.GreatestValidationFraction ? $"take {least} or more" : "take a longer text";
            throw new InvalidConfigException([
                $"validation-fraction {config.ValidationFraction} of the text's {ids.Length} tokens comes to {heldOut} "
                    + $"token{(heldOut == 1 ? "" : "s")}, "
                + $"and what is held out needs {LeastHeldOut}: {way}, or 0 to hold nothing out"]);
        }
        return new TokenizedText(vocab, ids.AsMemory(..^heldOut), ids.AsMemory(^heldOut..), counts.Sum(count => count.Count));
    }
}
