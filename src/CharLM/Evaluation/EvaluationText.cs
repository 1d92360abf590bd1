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
        From(new CorpusText(text), config, vocab, choose);

    /// <summary>Cleans and tokenizes a corpus, whose files may be documents, as a model's training did.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="config">The cleaning and tokens; its token limit and held-out part are ignored.</param>
    /// <param name="vocab">Token to id.</param>
    /// <param name="choose">Chooses the tokens that are read, as of a text alone; of documents, those that it cuts are left out or
    /// whole.</param>
    /// <param name="cancellationToken">Looked at now and then.</param>
    /// <exception cref="InvalidConfigException">Fewer than 2 tokens are left: there is nothing to predict.</exception>
    /// <exception cref="CorpusException">The text cannot be read, or the cache not be written.</exception>
    public static EvaluationText From(
        CorpusText corpus, TextConfig config, Vocab vocab, Func<long, TextRange>? choose = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(vocab);
        EncodedText encoded = EncodedText.Of(corpus, config, cancellationToken);
        TokenSource ids = encoded.In(vocab);
        var all = new TextRange(0, ids.Length);
        TextRange range = all.Intersect(choose?.Invoke(ids.Length) ?? all);
        if (config.Documents != DocumentKind.None)
            range = encoded.Whole(range);
        if (range.Count < 2)
            throw NothingToPredict(range, config);
        (long characters, long bytes) = encoded.LengthOf(range with { Begin = range.Begin + 1 });
        (long begin, long end) = RawPlaces.Of(corpus, encoded, range, cancellationToken: cancellationToken);
        (MeasuredText measured, long rawBytes) = MeasuredText.Of(corpus.Part(begin, end, cancellationToken), config);
        return new EvaluationText
        {
            Tokens = range.Of(ids),
            EndId = config.EndIdIn(vocab),
            Characters = characters,
            Bytes = bytes,
            RawBytes = rawBytes,
            Measured = measured,
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
    /// <summary>A part of a raw text, piece by piece, and its length in bytes of UTF-8.</summary>
    internal static (MeasuredText Text, long Bytes) Of(IEnumerable<ReadOnlyMemory<char>> pieces, TextConfig config)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        // Valid UTF-8 is the same text whether read as bytes or as characters.
        using var decoded = config.Token == TokenKind.Byte ? new DecodedHash() : null;
        long bytes = 0;
        char last = '\0';
        foreach (ReadOnlyMemory<char> piece in pieces)
        {
            ReadOnlySpan<char> text = piece.Span;
            hash.AppendData(MemoryMarshal.AsBytes(text));
            decoded?.Add(text);
            bytes += decoded is not null ? text.Length : Encoding.UTF8.GetByteCount(text);
            // Two halves of a character, counted as U+FFFD each, are four bytes together.
            bytes -= char.IsHighSurrogate(last) && char.IsLowSurrogate(text[0]) ? 2 : 0;
            last = text[^1];
        }
        byte[] sha256 = decoded?.Result() ?? hash.GetHashAndReset();
        return (new MeasuredText(Convert.ToHexStringLower(sha256), config.Cleaning), bytes);
    }

    // The hash of the characters that bytes are in UTF-8, if they are.
    private sealed class DecodedHash : IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly Decoder _decoder = new UTF8Encoding(false, throwOnInvalidBytes: true).GetDecoder();
        private bool _isUtf8 = true;

        public void Add(ReadOnlySpan<char> text)
        {
            var bytes = new byte[text.Length];
            Encoding.Latin1.GetBytes(text, bytes);
            Add(bytes, isLast: false);
        }

        public byte[]? Result()
        {
            Add([], isLast: true);
            return _isUtf8 ? _hash.GetHashAndReset() : null;
        }

        public void Dispose() => _hash.Dispose();

        private void Add(byte[] bytes, bool isLast)
        {
            if (!_isUtf8)
                return;
            try
            {
                var text = new char[bytes.Length + 1];
                _hash.AppendData(MemoryMarshal.AsBytes(text.AsSpan(0, _decoder.GetChars(bytes, text, isLast))));
            }
            catch (DecoderFallbackException)
            {
                _isUtf8 = false;
            }
        }
    }
}
