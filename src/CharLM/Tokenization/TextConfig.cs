using CharLM.Corpora;

namespace CharLM.Tokenization;

/// <summary>How a corpus becomes token ids. The defaults are those of Dive into Deep Learning v0.17.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record TextConfig
{
    /// <summary>The largest fraction that can be held out.</summary>
    internal const double GreatestValidationFraction = 0.9;

    /// <summary>Encoding of texts without a byte order mark, such as gb18030 or latin-1; default null: UTF-8.</summary>
    public string? Encoding { get; init; }

    /// <summary>Cleaning of the text before it is tokenized; default d2l.</summary>
    public Cleaning Cleaning { get; init; } = Cleaning.D2L;

    /// <summary>Kind of token; default a character.</summary>
    public TokenKind Token { get; init; } = TokenKind.Char;

    /// <summary>How the text divides into documents, each ended by <see cref="Vocab.End"/>; default none.</summary>
    public DocumentKind Documents { get; init; }

    /// <summary>Tokens that occur less often become the unknown token, 0 to 1,000,000,000; default 0: keep all.</summary>
    public int MinFreq { get; init; }

    /// <summary>
    /// Number of tokens to use from the beginning of the text; 0 uses all; default 10,000. As in the book, the vocab is built from the
    /// whole text.
    /// </summary>
    public int MaxTokens { get; init; } = 10_000;

    /// <summary>The fraction of tokens held out for model selection, in [0, 0.9], just before the test part; default 0.</summary>
    public double ValidationFraction { get; init; }

    /// <summary>
    /// The fraction of tokens at the end held out as the test part, measured once, after model selection, in [0, 0.9]; default 0.
    /// </summary>
    public double TestFraction { get; init; }

    /// <summary>All errors of the configuration; empty if it is valid.</summary>
    public IEnumerable<string> Errors()
    {
        if (Token == TokenKind.Byte && (Encoding is not null || Cleaning != Cleaning.None || MinFreq > 0))
            yield return "bytes are read as they are: leave encoding and min-freq out, and take cleaning none";
        if (Encoding is not null && TextEncoding.ErrorOf(Encoding) is { } error)
            yield return error;
        if (MinFreq is < 0 or > 1_000_000_000)
            yield return $"min-freq must be 0 to 1000000000, not {MinFreq}";
        if (MaxTokens < 0)
            yield return $"max-tokens must be 0 (all) or more, not {MaxTokens}";
        if (!(ValidationFraction is >= 0 and <= GreatestValidationFraction))
            yield return $"validation-fraction must be 0 to {GreatestValidationFraction}, not {ValidationFraction}";
        if (!(TestFraction is >= 0 and <= GreatestValidationFraction))
            yield return $"test-fraction must be 0 to {GreatestValidationFraction}, not {TestFraction}";
        if (ValidationFraction + TestFraction > GreatestValidationFraction)
            yield return $"validation-fraction and test-fraction together must be at most {GreatestValidationFraction}, not "
                + $"{ValidationFraction + TestFraction}";
    }

    /// <summary>The encoding in effect: <see cref="Encoding"/>, or bytes.</summary>
    internal string? ReadAs => Token == TokenKind.Byte ? TextEncoding.BytesName : Encoding;

    /// <summary>The id of the token that ends a document; null if the text has no documents.</summary>
    /// <exception cref="InvalidConfigException">The text has documents, but the vocab has no end token.</exception>
    internal int? EndIdIn(Vocab vocab) => Documents == DocumentKind.None ? null
        : vocab[Vocab.End] is var id && id != Vocab.UnknownId ? id
        : throw new InvalidConfigException([$"the vocab has no token {Vocab.End}, which documents end with"]);

    /// <summary>Throws if the configuration is invalid.</summary>
    /// <exception cref="InvalidConfigException">Lists every error.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Errors());
}

/// <summary>Kind of token.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum TokenKind
{
    /// <summary>A Unicode scalar value, never half a surrogate pair.</summary>
    Char,

    /// <summary>A run of characters between white space.</summary>
    Word,

    /// <summary>A byte; any file can be read, unchanged.</summary>
    Byte,
}
