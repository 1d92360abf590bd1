using CharLM.Corpora;

namespace CharLM.Tokenization;

/// <summary>A corpus as token ids, split into training and held-out parts.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Vocab">Token to id and back.</param>
/// <param name="Train">The training ids.</param>
/// <param name="HeldOut">The ids held out for model selection; may be empty.</param>
/// <param name="Unseen">
/// The ids for measuring a trained model (<see cref="TextParts.Unseen"/>), including at most a million after
/// <see cref="TextConfig.MaxTokens"/>; may be empty.
/// </param>
/// <param name="NumTokensOfCorpus">Number of tokens in the whole corpus, before <see cref="TextConfig.MaxTokens"/> applies.</param>
public sealed record TokenizedText(Vocab Vocab, TokenSource Train, TokenSource HeldOut, TokenSource Unseen, long NumTokensOfCorpus)
{
    /// <summary>
    /// The id that ends a document; null if the text has no documents. It stands at the beginning of each part and after each document.
    /// </summary>
    public int? EndId { get; init; }

    // More tokens after the used ones would hardly improve the measurement.
    private const int MostUnused = 1_000_000;

    /// <summary>Cleans, tokenizes and splits a corpus.</summary>
    /// <param name="text">The raw text.</param>
    /// <param name="config">How to clean, tokenize and split.</param>
    /// <param name="vocab">A vocab to encode with, such as a checkpoint's; default null: built from the text.</param>
    /// <param name="windows">Windows to split by instead of the configuration's fraction; default none.</param>
    /// <param name="extendsVocab">Whether to add the text's tokens that the vocab lacks (<see cref="Vocab.Extend"/>); default
    /// false.</param>
    /// <exception cref="InvalidConfigException">
    /// The configuration is invalid, a held-out part has fewer than the two tokens that a prediction needs, or the text is too short for
    /// the windows.
    /// </exception>
    public static TokenizedText From(string text, TextConfig config, Vocab? vocab = null, WindowCounts windows = default,
        bool extendsVocab = false) => From(new CorpusText(text), config, vocab, windows, extendsVocab);

    /// <summary>
    /// Cleans, tokenizes and splits a corpus, whose files may be documents. If the corpus is not in memory, its ids come from a cache file,
    /// created if necessary.
    /// </summary>
    /// <param name="corpus">The text.</param>
    /// <param name="config">How to clean, tokenize and split.</param>
    /// <param name="vocab">A vocab to encode with, such as a checkpoint's; default null: built from the text.</param>
    /// <param name="windows">Windows to split by instead of the configuration's fraction; default none.</param>
    /// <param name="extendsVocab">Whether to add the text's tokens that the vocab lacks; default false.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid, or the text too short for it.</exception>
    /// <exception cref="CorpusException">The text cannot be read, or the cache cannot be written.</exception>
    public static TokenizedText From(CorpusText corpus, TextConfig config, Vocab? vocab = null, WindowCounts windows = default,
        bool extendsVocab = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        EncodedText text = EncodedText.Of(corpus, config, cancellationToken);
        vocab = vocab is null ? text.VocabOf(config.MinFreq) : extendsVocab ? text.Extend(vocab, config.MinFreq) : vocab;
        TokenSource ids = text.In(vocab);
        if (config.Documents != DocumentKind.None)
            return Split(text, ids, vocab, config, windows);
        if (ids.IsEmpty)
            return new TokenizedText(vocab, ids, ids, ids, 0);
        if (config.MaxTokens > 0)
            ids = ids.Slice(0, Math.Min(ids.Length, (long)config.MaxTokens + MostUnused));
        if (TextParts.ErrorOf(ids.Length, config, windows) is { } error)
            throw new InvalidConfigException([error]);
        var parts = TextParts.Of(ids.Length, config, windows);
        return new TokenizedText(vocab, parts.Train.Of(ids), parts.HeldOut.Of(ids), parts.Unseen.Of(ids), text.Length);
    }

    private static TokenizedText Split(EncodedText text, TokenSource ids, Vocab vocab, TextConfig config, WindowCounts windows)
    {
        int? endId = config.EndIdIn(vocab);
        if (ids.IsEmpty)
            return new TokenizedText(vocab, ids, ids, ids, 0) { EndId = endId };
        if (windows.Train > 0)
            throw new InvalidConfigException(["windows that overlap do not end where documents do: hold out a fraction instead"]);
        var parts = TextParts.Of(ids.Length, config);
        TokenSource train = Whole(parts.Train), heldOut = Whole(parts.HeldOut), test = Whole(parts.Test), unseen = Whole(parts.Unseen);
        if (train.IsEmpty || heldOut.IsEmpty != (config.ValidationFraction == 0) || test.IsEmpty != (config.TestFraction == 0))
        {
            throw new InvalidConfigException(
                [$"the text's documents ({Choices.NameOf(config.Documents)}) are too few or too long to train on, to hold out and to test "
                    + "as it is asked for: every part needs a whole one"]);
        }
        // What nobody asked to hold out is read for one figure alone.
        if (config is { TestFraction: 0, ValidationFraction: 0 })
            unseen = unseen.Slice(0, Math.Min(unseen.Length, MostUnused));
        return new TokenizedText(vocab, train, heldOut, unseen, ids.Length)
        {
            EndId = endId,
        };

        TokenSource Whole(TextRange range) => text.Whole(range).Of(ids);
    }
}
