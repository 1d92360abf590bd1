using CharLM.Corpora;

namespace CharLM.Tokenization;

/// <summary>
/// A cleaned text as token numbers in order of first appearance, in memory or, for large texts, in a file of the cache. It is
/// independent of any vocab; each vocab maps the numbers to its ids.
/// </summary>
/// <param name="Config">How the text was cleaned and tokenized; other settings are ignored.</param>
/// <param name="Tokens">The different tokens with their frequencies, without the end of documents.</param>
/// <param name="Figures">Figures of the raw text.</param>
/// <param name="Length">How many tokens the text has, including the ends of documents.</param>
/// <param name="Numbers">The tokens' numbers; null if they were only counted.</param>
internal sealed record EncodedText(
    TextConfig Config, IReadOnlyList<TokenCount> Tokens, TextFigures Figures, long Length, PackedTokens? Numbers)
{
    private const int EndToken = 0;

    private readonly Tokenizer _tokenizer = Tokenizer.Create(Config.Token);

    // The number of the first token other than the end.
    private int First => Config.Documents == DocumentKind.None ? 0 : EndToken + 1;

    /// <summary>Encodes a text, once per text and configuration.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="config">How to clean and tokenize it.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="CorpusException">The text cannot be read, or the cache cannot be written.</exception>
    public static EncodedText Of(CorpusText corpus, TextConfig config, CancellationToken cancellationToken = default) => corpus.Cached(
        (typeof(EncodedText), Key(config)),
        () => corpus.IsInMemory ? InMemory(corpus.Chunks(CorpusText.ChunkLength, cancellationToken), config)
            : IdCache.Get(corpus, config, cancellationToken));

    /// <summary>Counts a text; the result has numbers only if they are available anyway.</summary>
    /// <inheritdoc cref="Of"/>
    public static EncodedText CountOf(CorpusText corpus, TextConfig config, CancellationToken cancellationToken = default) =>
        corpus.IsInMemory ? Of(corpus, config, cancellationToken) : corpus.CachedOrNull<EncodedText>((typeof(EncodedText), Key(config)))
            ?? corpus.Cached((typeof(TextFigures), Key(config)), () => IdCache.Find(corpus, config, cancellationToken)
                ?? Encode(corpus.Chunks(0, cancellationToken), config, null));

    /// <summary>Encodes a text into memory.</summary>
    public static EncodedText InMemory(IEnumerable<TextChunk> chunks, TextConfig config)
    {
        var store = new MemoryStore();
        var packer = new TokenPacker(store);
        EncodedText counted = Encode(chunks, config, packer);
        int[] same = [.. Enumerable.Range(0, counted.Tokens.Count + counted.First)];
        return counted with { Numbers = new PackedTokens(store.Bytes, packer.Width, packer.Length, same) };
    }

    /// <summary>Encodes a text into a packer; null only counts. The result has no numbers.</summary>
    public static EncodedText Encode(IEnumerable<TextChunk> chunks, TextConfig config, TokenPacker? packer)
    {
        TextPass pass = null!;
        pass = new TextPass(config, packer is null ? null : ids => packer.Add(ids, pass.Kinds));
        foreach (TextChunk chunk in chunks)
            pass.Add(chunk);
        TextFigures figures = pass.End();
        packer?.End();
        return new EncodedText(config, pass.Tokens.Counts, figures, pass.Length, null);
    }

    /// <summary>Builds the vocab of the text.</summary>
    /// <param name="minFreq">Rarer tokens are left out.</param>
    public Vocab VocabOf(int minFreq) => Config.Documents == DocumentKind.None
        ? _tokenizer.VocabOf(Tokens, minFreq, [])
        : _tokenizer.VocabOf(
            Figures.Documents == 0 ? [] : Known().Append(new TokenCount(Vocab.End, Figures.Documents)), minFreq, [Vocab.End]);

    /// <summary>Extends a vocab by the tokens of the text that it lacks.</summary>
    /// <param name="vocab">The vocab.</param>
    /// <param name="minFreq">Rarer tokens are left out.</param>
    public Vocab Extend(Vocab vocab, int minFreq) => vocab.Extend(Known(), minFreq);

    /// <summary>The text as ids of a vocab.</summary>
    public TokenSource In(Vocab vocab)
    {
        int? endId = Config.EndIdIn(vocab);
        int[] ids = new int[Tokens.Count + First];
        if (endId is { } end)
            ids[EndToken] = end;
        for (int i = 0; i < Tokens.Count; i++)
        {
            int id = _tokenizer.IdOf(Tokens[i].Token, vocab);
            ids[i + First] = id == endId ? Vocab.UnknownId : id;
        }
        return Numbers!.With(ids);
    }

    /// <summary>Moves a range to document boundaries: a document that a cut divides belongs to the part after the cut.</summary>
    public TextRange Whole(TextRange range)
    {
        if (range.Count == 0 || Length == 0)
            return default;
        var whole = new TextRange(LastEnd(range.Begin - 1), LastEnd(Math.Min(range.End, Length) - 1) + 1);
        return whole.Count < 2 ? default : whole;
    }

    /// <summary>Characters and bytes of a range of tokens; an end counts as one, like a line end, and a word includes a space.</summary>
    public (long Characters, long Bytes) LengthOf(TextRange range)
    {
        int separator = _tokenizer.TokenSeparator.Length;
        var lengths = new (int Characters, int Bytes)[Tokens.Count + First];
        lengths.AsSpan(0, First).Fill((1, 1));
        for (int i = 0; i < Tokens.Count; i++)
        {
            string token = Tokens[i].Token;
            lengths[i + First] = (separator + (int)_tokenizer.CharactersOf(token), separator + _tokenizer.BytesOf(token).Length);
        }
        long characters = 0, bytes = 0;
        foreach (ReadOnlyMemory<int> block in range.Of(Numbers!).Blocks())
        {
            foreach (int number in block.Span)
            {
                characters += lengths[number].Characters;
                bytes += lengths[number].Bytes;
            }
        }
        return (characters, bytes);
    }

    /// <summary>Identifies an encoding among those of one text.</summary>
    internal static string Key(TextConfig config) =>
        $"{Choices.NameOf(config.Cleaning)}, {Choices.NameOf(config.Token)}, {Choices.NameOf(config.Documents)}";

    // A word that is spelled like the end token is not the end token.
    private IEnumerable<TokenCount> Known() =>
        Config.Documents == DocumentKind.None ? Tokens : Tokens.Where(count => count.Token != Vocab.End);

    // The last end token at or before a position; 0 if there is none.
    private long LastEnd(long place)
    {
        var block = new int[1 << 12];
        for (long end = place + 1; end > 0;)
        {
            Span<int> some = block.AsSpan(0, (int)Math.Min(block.Length, end));
            Numbers!.CopyTo(end - some.Length, some);
            if (some.LastIndexOf(EndToken) is >= 0 and int index)
                return end - some.Length + index;
            end -= some.Length;
        }
        return 0;
    }
}
