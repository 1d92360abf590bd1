using CharLM.Corpora;

namespace CharLM.Tokenization;

/// <summary>A corpus as token ids, split into what is trained on and what is only measured.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Vocab">Token to id and back.</param>
/// <param name="Train">The ids that are trained on.</param>
/// <param name="HeldOut">The ids that are only measured, to choose by; may be empty.</param>
/// <param name="Unseen">
/// The ids that a trained model is measured on (<see cref="TextParts.Unseen"/>); of those after <see cref="TextConfig.MaxTokens"/> at
/// most a million; may be empty.
/// </param>
/// <param name="NumTokensOfCorpus">Tokens of the whole corpus, before <see cref="TextConfig.MaxTokens"/>.</param>
public sealed record TokenizedText(Vocab Vocab, TokenSource Train, TokenSource HeldOut, TokenSource Unseen, long NumTokensOfCorpus)
{
    /// <summary>
    /// The id that ends a document, null when the text has no documents. Each part of the text begins with it, and has it behind every
    /// document.
    /// </summary>
    public int? EndId { get; init; }

    // More of what comes after the tokens that are used would tell hardly more.
    private const int MostUnused = 1_000_000;

    /// <summary>Cleans, tokenizes and splits a corpus.</summary>
    /// <param name="text">The raw text.</param>
    /// <param name="config">How.</param>
    /// <param name="vocab">A vocab to encode with, such as a checkpoint's; default: made from the text.</param>
    /// <param name="windows">Windows to split in instead of the configuration's fraction; default none.</param>
    /// <param name="extendsVocab">Whether the vocab gets the text's tokens that it has not (<see cref="Vocab.Extend"/>); default
    /// false.</param>
    /// <exception cref="InvalidConfigException">
    /// The configuration is invalid, what it holds out comes to less than the two tokens that a prediction needs, or the text is too
    /// short for the windows.
    /// </exception>
    public static TokenizedText From(string text, TextConfig config, Vocab? vocab = null, WindowCounts windows = default,
        bool extendsVocab = false) => From(text, [], config, vocab, windows, extendsVocab);

    /// <summary>Cleans, tokenizes and splits a corpus, whose files may be documents.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="config">How.</param>
    /// <param name="vocab">A vocab to encode with, such as a checkpoint's; default: made from the text.</param>
    /// <param name="windows">Windows to split in instead of the configuration's fraction; default none.</param>
    /// <param name="extendsVocab">Whether the text's tokens that the vocab has not are added to it; default false.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid, or the text too short for it.</exception>
    public static TokenizedText From(CorpusText corpus, TextConfig config, Vocab? vocab = null, WindowCounts windows = default,
        bool extendsVocab = false)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        return From(corpus.Text, corpus.FileBegins, config, vocab, windows, extendsVocab);
    }

    private static TokenizedText From(
        string text, IReadOnlyList<int> files, TextConfig config, Vocab? vocab, WindowCounts windows, bool extendsVocab)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        if (config.Documents != DocumentKind.None)
            return Split(DocumentTokens.Of(text, files, config, vocab, extendsVocab), config, windows);
        Tokenizer tokenizer = Tokenizer.Create(config.Token);
        string cleaned = TextCleaner.Clean(text, config.Cleaning, tokenizer.LineSeparator);
        IReadOnlyList<TokenCount> counts = tokenizer.Count(cleaned);
        vocab = vocab is null ? tokenizer.VocabOf(counts, config.MinFreq, [])
            : extendsVocab ? vocab.Extend(counts, config.MinFreq) : vocab;
        TokenSource ids = tokenizer.Encode(
            cleaned, vocab, config.MaxTokens == 0 ? null : (int)Math.Min(int.MaxValue, (long)config.MaxTokens + MostUnused));
        if (ids.IsEmpty)
            return new TokenizedText(vocab, ids, ids, ids, 0);
        if (TextParts.ErrorOf(ids.Length, config, windows) is { } error)
            throw new InvalidConfigException([error]);
        var parts = TextParts.Of(ids.Length, config, windows);
        return new TokenizedText(
            vocab, parts.Train.Of(ids), parts.HeldOut.Of(ids), parts.Unseen.Of(ids), counts.Sum(count => count.Count));
    }

    private static TokenizedText Split(DocumentTokens documents, TextConfig config, WindowCounts windows)
    {
        TokenSource ids = documents.Ids;
        int? endId = config.EndIdIn(documents.Vocab);
        if (ids.IsEmpty)
            return new TokenizedText(documents.Vocab, ids, ids, ids, 0) { EndId = endId };
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
        return new TokenizedText(documents.Vocab, train, heldOut, unseen.Slice(0, Math.Min(unseen.Length, MostUnused)), ids.Length)
        {
            EndId = endId,
        };

        TokenSource Whole(TextRange range) => documents.Whole(range).Of(ids);
    }
}
