using CharLM.Corpora;

namespace CharLM.Tokenization;

/// <summary>How a corpus becomes token ids. The defaults are those of Dive into Deep Learning v0.17.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record TextConfig
{
    /// <summary>The greatest part that can be held out.</summary>
    internal const double GreatestValidationFraction = 0.9;

    /// <summary>
    /// What the text's bytes are in where no byte order mark says it, such as gb18030 or latin-1; default null: UTF-8.
    /// </summary>
    public string? Encoding { get; init; }

    /// <summary>What is done to the text first; default d2l.</summary>
    public Cleaning Cleaning { get; init; } = Cleaning.D2L;

    /// <summary>What a token is; default a character.</summary>
    public TokenKind Token { get; init; } = TokenKind.Char;

    /// <summary>What the documents of the text are, each of which ends with <see cref="Vocab.End"/>; default none.</summary>
    public DocumentKind Documents { get; init; }

    /// <summary>Rarer tokens become the unknown token, 0 to 1,000,000,000; default 0, keep all.</summary>
    public int MinFreq { get; init; }

    /// <summary>
    /// Use only this many tokens from the beginning of the text (the vocab is made from all of it, as in the book);
    /// 0 uses all; default 10,000.
    /// </summary>
    public int MaxTokens { get; init; } = 10_000;

    /// <summary>
    /// The part of the tokens that is held out from training to choose by, in [0, 0.9]: the last, before the test part; default 0.
    /// </summary>
    public double ValidationFraction { get; init; }

    /// <summary>The last part of the tokens, measured once, when all is chosen, in [0, 0.9]; default 0.</summary>
    public double TestFraction { get; init; }

    /// <summary>Every error of the configuration, empty when there is none.</summary>
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

    /// <summary>What the text's bytes are read as: <see cref="Encoding"/>, or bytes.</summary>
    internal string? ReadAs => Token == TokenKind.Byte ? TextEncoding.BytesName : Encoding;

    /// <summary>The id of the token that ends a document; null when the text has no documents.</summary>
    /// <exception cref="InvalidConfigException">It has documents, and the vocab has no such token.</exception>
    internal int? EndIdIn(Vocab vocab) => Documents == DocumentKind.None ? null
        : vocab[Vocab.End] is var id && id != Vocab.UnknownId ? id
        : throw new InvalidConfigException([$"the vocab has no token {Vocab.End}, which documents end with"]);

    /// <summary>Throws when the configuration has an error.</summary>
    /// <exception cref="InvalidConfigException">Lists every error.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Errors());
}

/// <summary>What one token of a text is.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum TokenKind
{
    /// <summary>A Unicode scalar value: what a reader calls a character, never half a surrogate pair.</summary>
    Char,

    /// <summary>A run of characters between white space.</summary>
    Word,

    /// <summary>A byte of any file, which is read as it is.</summary>
    Byte,
}
