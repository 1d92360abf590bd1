namespace CharLM.Tokenization;

/// <summary>
/// Splits a text into tokens. <see cref="Count"/> and <see cref="Encode"/> never make a string per token of the text:
/// a text of n tokens is encoded in two passes into 4n bytes.
/// </summary>
public abstract class Tokenizer
{
    /// <summary>What a token is.</summary>
    public abstract TokenKind Kind { get; }

    /// <summary>What stands between two tokens when they are written as text: nothing, or a space between words.</summary>
    public abstract string TokenSeparator { get; }

    /// <summary>What must stand between two cleaned lines so that no token runs over a line end.</summary>
    public abstract string LineSeparator { get; }

    /// <summary>The tokenizer of a kind.</summary>
    public static Tokenizer Create(TokenKind kind) => kind switch
    {
        TokenKind.Char => new CharTokenizer(),
        TokenKind.Word => new WordTokenizer(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a kind of token"),
    };

    /// <summary>The tokens of a text, in order.</summary>
    public abstract IEnumerable<string> Tokenize(string text);

    /// <summary>The distinct tokens of a text with their frequencies, in order of first appearance.</summary>
    public abstract IReadOnlyList<TokenCount> Count(ReadOnlySpan<char> text);

    /// <summary>The ids of the tokens of a text; a token that <paramref name="vocab"/> has not is <see cref="Vocab.UnknownId"/>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="vocab">Token to id.</param>
    /// <param name="maxTokens">Stop after this many tokens; all of them when null.</param>
    public abstract int[] Encode(ReadOnlySpan<char> text, Vocab vocab, int? maxTokens = null);

    /// <summary>Where a token begins, in UTF-16 units; the text's length when it has no such token.</summary>
    /// <param name="text">The text.</param>
    /// <param name="token">Which token, from 0.</param>
    public abstract int PlaceOf(ReadOnlySpan<char> text, int token);
}
