using System.Text;
using CharLM.Corpora;
using CharLM.Tokenization;

namespace CharLM.Pairs;

/// <summary>Cleans the texts of one column, splits them into tokens and joins them again.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="kind">Characters or words.</param>
/// <param name="cleaning">The cleaning; <see cref="Cleaning.D2L"/> is the books' for translation, not that for novels.</param>
internal sealed class PairTokens(TokenKind kind, Cleaning cleaning)
{
    private readonly Tokenizer _tokenizer = Tokenizer.Create(kind);

    /// <summary>Characters, without cleaning.</summary>
    public static PairTokens Characters { get; } = new(TokenKind.Char, Cleaning.None);

    /// <summary>What the tokens are called in messages.</summary>
    public string Name { get; } = kind == TokenKind.Word ? "words" : "characters";

    /// <summary>A text as the model sees it.</summary>
    public string Clean(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return cleaning switch
        {
            Cleaning.None => text,
            Cleaning.Lower => TextCleaner.Clean(text, Cleaning.Lower),
            _ => Prepare(text),
        };
    }

    /// <summary>The tokens of a text.</summary>
    public IReadOnlyList<string> Split(string text) => [.. _tokenizer.Tokenize(Clean(text))];

    /// <summary>The number of tokens of a text.</summary>
    public int Length(string text) =>
        kind == TokenKind.Char ? CharTokenizer.Length(Clean(text)) : _tokenizer.Tokenize(Clean(text)).Count();

    /// <summary>The distinct tokens of texts with their frequencies, in order of first appearance.</summary>
    public IReadOnlyList<TokenCount> Count(IEnumerable<string> texts) =>
        _tokenizer.Count(string.Join(_tokenizer.LineSeparator, texts.Select(Clean)));

    /// <summary>The ids of the tokens of a text; <see cref="Vocab.UnknownId"/> for tokens that are not in the vocab.</summary>
    public int[] Encode(string text, Vocab vocab) => _tokenizer.Encode(Clean(text), vocab);

    /// <summary>The text of tokens.</summary>
    public string Join(IEnumerable<string> tokens) => string.Join(_tokenizer.TokenSeparator, tokens);

    /// <summary>Why tokens or a cleaning cannot be used for pairs; empty when they can.</summary>
    public static IEnumerable<string> Errors(TokenKind token, Cleaning cleaning)
    {
        if (token is not (TokenKind.Char or TokenKind.Word))
            yield return $"token must be char or word for pairs, not {Choices.NameOf(token)}";
        if (cleaning == Cleaning.D2LV1)
            yield return "cleaning d2l-v1 is for running text: for pairs both editions do the same, d2l";
    }

    // The books' preprocess_nmt: lower case, plain spaces, and a space before a mark, which becomes a word of its own.
    private string Prepare(string text)
    {
        string lower = text.Replace('\u202f', ' ').Replace('\u00a0', ' ').ToLowerInvariant();
        if (kind != TokenKind.Word)
            return lower;
        var spaced = new StringBuilder(lower.Length + 4);
        for (int i = 0; i < lower.Length; i++)
        {
            if (lower[i] is ',' or '.' or '!' or '?' && i > 0 && lower[i - 1] != ' ')
                spaced.Append(' ');
            spaced.Append(lower[i]);
        }
        return spaced.ToString();
    }
}
