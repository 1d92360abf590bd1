using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using CharLM.Corpora;
using CharLM.Tokenization;

namespace CharLM.Evaluation;

/// <summary>A text as a model reads it, with its length in units that do not depend on the model's tokens.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record EvaluationText
{
    /// <summary>Token ids; all but the first are predicted.</summary>
    public required TokenSource Tokens { get; init; }

    /// <summary>
    /// Characters (Unicode scalar values) of the predicted tokens in the cleaned text, including the space before each word.
    /// </summary>
    public required long Characters { get; init; }

    /// <summary>The same length in UTF-8 bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>UTF-8 bytes of the raw text, from the first predicted token to the last.</summary>
    public required long RawBytes { get; init; }

    /// <summary>The identity of the measured text, independent of the model.</summary>
    public required MeasuredText Measured { get; init; }

    /// <summary>Tokens per overlapping window that training held out; default 0: rows.</summary>
    public int WindowLength { get; init; }

    /// <summary>
    /// The id that ends a document, where the state is reset; the first and last token of such a text have it. Default null: no
    /// documents.
    /// </summary>
    public int? EndId { get; init; }

    /// <summary>The range of the tokens in the whole text.</summary>
    public required TextRange Range { get; init; }

    /// <summary>Tokens of the whole text.</summary>
    public required long TokensOfText { get; init; }

    /// <summary>Predicted tokens that are not in the vocab.</summary>
    public long Unknown => Tokens.IsEmpty ? 0 : Tokens.Slice(1).Count(Vocab.UnknownId);

    /// <summary>The name of the text in reports; default "text".</summary>
    public string Name { get; init; } = "text";

    /// <summary>A description: which tokens of which text.</summary>
    public string Describe() => Range.Count == TokensOfText
        ? $"{Name}: all of its {TokensOfText} tokens"
        : $"{Name}: tokens {Range.Begin + 1} to {Range.End} of {TokensOfText}";

    /// <summary>Cleans and tokenizes a text as a model's training did.</summary>
    /// <param name="text">The raw text.</param>
    /// <param name="config">The cleaning and tokens; its token limit and held-out part are ignored.</param>
    /// <param name="vocab">Token to id.</param>
    /// <param name="choose">Chooses the range to read, given the number of tokens; default all.</param>
    /// <exception cref="InvalidConfigException">Fewer than 2 tokens are left: there is nothing to predict.</exception>
    public static EvaluationText From(string text, TextConfig config, Vocab vocab, Func<long, TextRange>? choose = null) =>
        From(text, [], config, vocab, choose);

    /// <summary>Cleans and tokenizes a corpus, whose files may be documents, as a model's training did.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="config">The cleaning and tokens; its token limit and held-out part are ignored.</param>
    /// <param name="vocab">Token to id.</param>
    /// <param name="choose">Chooses the range to read, given the number of tokens; default all. Documents that it cuts are left out or
    /// read whole.</param>
    /// <exception cref="InvalidConfigException">Fewer than 2 tokens are left: there is nothing to predict.</exception>
    public static EvaluationText From(CorpusText corpus, TextConfig config, Vocab vocab, Func<long, TextRange>? choose = null)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        return From(corpus.Text, corpus.FileBegins, config, vocab, choose);
    }

    private static EvaluationText From(
        string text, IReadOnlyList<int> files, TextConfig config, Vocab vocab, Func<long, TextRange>? choose)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.Documents != DocumentKind.None)
            return OfDocuments(text, DocumentTokens.Of(text, files, config, vocab), config, choose);
        Tokenizer tokenizer = Tokenizer.Create(config.Token);
        string cleaned = TextCleaner.Clean(text, config.Cleaning, tokenizer.LineSeparator);
        TokenSource ids = tokenizer.Encode(cleaned, vocab);
        var all = new TextRange(0, ids.Length);
        TextRange range = all.Intersect(choose?.Invoke(ids.Length) ?? all);
        if (range.Count < 2)
            throw NothingToPredict(range, config);
        long characters = 0, bytes = 0;
        foreach (string token in tokenizer.Tokenize(cleaned).Skip((int)range.Begin + 1).Take((int)range.Count - 1))
        {
            characters += tokenizer.TokenSeparator.Length + tokenizer.CharactersOf(token);
            bytes += tokenizer.TokenSeparator.Length + (config.Token == TokenKind.Byte ? 1 : Encoding.UTF8.GetByteCount(token));
        }
        int rawBegin = RawPlaceOf(range.Begin + 1), rawEnd = range.End == ids.Length ? text.Length : RawPlaceOf(range.End);
        ReadOnlySpan<char> raw = text.AsSpan(rawBegin, rawEnd - rawBegin);
        return new EvaluationText
        {
            Tokens = range.Of(ids),
            Characters = characters,
            Bytes = bytes,
            RawBytes = config.Token == TokenKind.Byte ? raw.Length : Encoding.UTF8.GetByteCount(raw),
            Measured = MeasuredText.Of(raw, config),
            Range = range,
            TokensOfText = ids.Length,
        };

        int RawPlaceOf(long token) =>
            new CleaningPass(config.Cleaning, tokenizer.LineSeparator).RawPlaceOf(text, tokenizer.PlaceOf(cleaned, (int)token));
    }

    private static EvaluationText OfDocuments(string text, DocumentTokens documents, TextConfig config, Func<long, TextRange>? choose)
    {
        TokenSource ids = documents.Ids;
        var all = new TextRange(0, ids.Length);
        TextRange range = documents.Whole(all.Intersect(choose?.Invoke(ids.Length) ?? all));
        if (range.Count < 2)
            throw NothingToPredict(range, config);
        (int begin, int end) = documents.PlaceOf(range);
        ReadOnlySpan<char> raw = text.AsSpan(begin, end - begin);
        (long characters, long bytes) = documents.LengthOf(range);
        return new EvaluationText
        {
            Tokens = range.Of(ids),
            EndId = config.EndIdIn(documents.Vocab),
            Characters = characters,
            Bytes = bytes,
            RawBytes = config.Token == TokenKind.Byte ? raw.Length : Encoding.UTF8.GetByteCount(raw),
            Measured = MeasuredText.Of(raw, config),
            Range = range,
            TokensOfText = ids.Length,
        };
    }

    private static InvalidConfigException NothingToPredict(TextRange range, TextConfig config) => new(
        [$"{range.Count} {Choices.NameOf(config.Token)} token{(range.Count == 1 ? "" : "s")} of the text (cleaned as "
            + $"'{Choices.NameOf(config.Cleaning)}') to read: there is nothing to predict"]);
}

/// <summary>The identity of a measured text: figures are comparable when it is equal.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Sha256">SHA-256 of the measured part of the raw text, as UTF-16.</param>
/// <param name="Cleaning">How the text was cleaned.</param>
public readonly record struct MeasuredText(string Sha256, Cleaning Cleaning)
{
    /// <summary>The identity of a part of a raw text.</summary>
    internal static MeasuredText Of(ReadOnlySpan<char> raw, TextConfig config)
    {
        // Valid UTF-8 is the same text whether read as bytes or as characters.
        if (config.Token == TokenKind.Byte)
        {
            var bytes = new byte[raw.Length];
            Encoding.Latin1.GetBytes(raw, bytes);
            if (System.Text.Unicode.Utf8.IsValid(bytes))
                raw = Encoding.UTF8.GetString(bytes);
        }
        return new MeasuredText(Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(raw))), config.Cleaning);
    }
}
