using System.Text;

namespace CharLM.Tokenization;

/// <summary>Splits a text into tokens.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public abstract class Tokenizer
{
    /// <summary>Kind of token.</summary>
    public abstract TokenKind Kind { get; }

    /// <summary>The separator of tokens written as text: empty, or a space between words.</summary>
    public abstract string TokenSeparator { get; }

    /// <summary>The separator of cleaned lines, so that no token spans a line end.</summary>
    public abstract string LineSeparator { get; }

    /// <summary>Returns the tokenizer for a kind of token.</summary>
    public static Tokenizer Create(TokenKind kind) => kind switch
    {
        TokenKind.Char => new CharTokenizer(),
        TokenKind.Word => new WordTokenizer(),
        TokenKind.Byte => new ByteTokenizer(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a kind of token"),
    };

    /// <summary>
    /// Why a vocab does not fit this kind of token; null if it does: each token must be one that can occur in a text, or reserved
    /// (<see cref="IsReserved"/>).
    /// </summary>
    public string? ErrorOf(Vocab vocab)
    {
        ArgumentNullException.ThrowIfNull(vocab);
        int wrong = vocab.Tokens.ToList().FindIndex(token => !IsReserved(token) && !Tokenize(token).Take(2).SequenceEqual([token]));
        return wrong < 0 ? null
            : $"the vocab's token {wrong}, '{vocab[wrong]}', is no {Choices.NameOf(Kind)}: a text never has it; its tokens are of "
                + "another kind";
    }

    /// <summary>
    /// Whether a token is special, so that it neither occurs in a text nor is written: <see cref="Vocab.Unknown"/> and, in a vocab of
    /// characters, every name in angle brackets, such as <c>&lt;pad&gt;</c>.
    /// </summary>
    public virtual bool IsReserved(string token) => token == Vocab.Unknown;

    /// <summary>The tokens of a text, in order.</summary>
    public abstract IEnumerable<string> Tokenize(string text);

    /// <summary>The distinct tokens of a text with their frequencies, in order of first appearance.</summary>
    public IReadOnlyList<TokenCount> Count(ReadOnlySpan<char> text)
    {
        TokenPass pass = NewPass();
        pass.Add(text);
        pass.End();
        return pass.Counts;
    }

    /// <summary>The ids of the tokens of a text; tokens not in <paramref name="vocab"/> become <see cref="Vocab.UnknownId"/>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="vocab">Token to id.</param>
    /// <param name="maxTokens">Maximum number of tokens; null for all.</param>
    public int[] Encode(ReadOnlySpan<char> text, Vocab vocab, int? maxTokens = null)
    {
        ArgumentNullException.ThrowIfNull(vocab);
        const int PartLength = 1 << 16;
        // A token has at least one character.
        var ids = new int[Math.Min(maxTokens ?? int.MaxValue, text.Length)];
        int count = 0;
        TokenPass pass = NewPass();
        pass.Sink = some =>
        {
            some = some[..Math.Min(some.Length, ids.Length - count)];
            some.CopyTo(ids.AsSpan(count));
            count += some.Length;
        };
        for (; !text.IsEmpty && pass.Total < ids.Length; text = text[Math.Min(PartLength, text.Length)..])
            pass.Add(text[..Math.Min(PartLength, text.Length)]);
        pass.End();
        int[] known = [.. pass.Counts.Select(one => IdOf(one.Token, vocab))];
        for (int i = 0; i < count; i++)
            ids[i] = known[ids[i]];
        Array.Resize(ref ids, count);
        return ids;
    }

    /// <summary>The ids of a text within a document, without an end token.</summary>
    /// <param name="text">The text.</param>
    /// <param name="vocab">Token to id.</param>
    /// <param name="endId">The id of the end token, unknown if the text spells it; null if the model has no documents.</param>
    internal int[] EncodeInDocument(ReadOnlySpan<char> text, Vocab vocab, int? endId)
    {
        int[] ids = Encode(text, vocab);
        if (endId is { } end)
            ids.AsSpan().Replace(end, Vocab.UnknownId);
        return ids;
    }

    /// <summary>Reads a text part by part.</summary>
    /// <param name="firstId">The number of the first token to appear.</param>
    internal abstract TokenPass NewPass(int firstId = 0);

    /// <summary>Returns the id of a token of a text.</summary>
    internal virtual int IdOf(string token, Vocab vocab) => vocab[token];

    /// <summary>Converts readable text to the tokens' spelling, which differs only for bytes.</summary>
    public virtual string FromText(string text) => text;

    /// <summary>Converts the tokens' spelling to readable text; invalid UTF-8 in bytes becomes U+FFFD.</summary>
    public virtual string ToText(string tokens) => tokens;

    /// <summary>The bytes of text in the tokens' spelling.</summary>
    internal virtual byte[] BytesOf(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>The number of characters (Unicode scalar values) of text in the tokens' spelling.</summary>
    internal virtual long CharactersOf(string text) => CharTokenizer.Length(text);

    /// <summary>Builds the vocab of a text.</summary>
    /// <param name="counts">The text's distinct tokens, in order of first appearance.</param>
    /// <param name="minFreq">Rarer tokens are left out.</param>
    /// <param name="reserved">Tokens that are always included.</param>
    internal virtual Vocab VocabOf(IEnumerable<TokenCount> counts, int minFreq, IEnumerable<string> reserved) =>
        new(counts, minFreq, reserved);

    /// <summary>Where a token begins, in UTF-16 units; the text's length if there is no such token.</summary>
    /// <param name="text">The text.</param>
    /// <param name="token">Which token, from 0.</param>
    public int PlaceOf(ReadOnlySpan<char> text, int token) => NewPass().PlaceOf(text, token);
}
