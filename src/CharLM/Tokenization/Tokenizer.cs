using System.Text;

namespace CharLM.Tokenization;

/// <summary>Splits a text into tokens.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
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
        TokenKind.Byte => new ByteTokenizer(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a kind of token"),
    };

    /// <summary>
    /// Why a vocab cannot be one of such tokens, null when it can: each must be a token as a text has it, or reserved
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
    /// Whether a token stands for something that no text has, and is never written: <see cref="Vocab.Unknown"/>, and in a vocab of
    /// characters every name in angle brackets, such as <c>&lt;pad&gt;</c>.
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

    /// <summary>The ids of the tokens of a text; a token that <paramref name="vocab"/> has not is <see cref="Vocab.UnknownId"/>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="vocab">Token to id.</param>
    /// <param name="maxTokens">Stop after this many tokens; all of them when null.</param>
    public int[] Encode(ReadOnlySpan<char> text, Vocab vocab, int? maxTokens = null)
    {
        ArgumentNullException.ThrowIfNull(vocab);
        const int PartLength = 1 << 16;
        // A token has a character at least.
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

    /// <summary>The ids of a text in a document, which holds no end.</summary>
    /// <param name="text">The text.</param>
    /// <param name="vocab">Token to id.</param>
    /// <param name="endId">What no token of a text is; null: the model knows no documents.</param>
    internal int[] EncodeInDocument(ReadOnlySpan<char> text, Vocab vocab, int? endId)
    {
        int[] ids = Encode(text, vocab);
        if (endId is { } end)
            ids.AsSpan().Replace(end, Vocab.UnknownId);
        return ids;
    }

    /// <summary>Reads a text part by part.</summary>
    /// <param name="firstId">The number of the first token that appears.</param>
    internal abstract TokenPass NewPass(int firstId = 0);

    /// <summary>The id of a token of a text.</summary>
    internal virtual int IdOf(string token, Vocab vocab) => vocab[token];

    /// <summary>A person's text as its tokens spell it: the same, but for bytes.</summary>
    public virtual string FromText(string text) => text;

    /// <summary>What tokens spell as a person reads it; of bytes, what is no UTF-8 becomes U+FFFD.</summary>
    public virtual string ToText(string tokens) => tokens;

    /// <summary>The bytes of what tokens spell.</summary>
    internal virtual byte[] BytesOf(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>The characters (Unicode scalar values) of what tokens spell.</summary>
    internal virtual long CharactersOf(string text) => CharTokenizer.Length(text);

    /// <summary>The vocab of a text.</summary>
    /// <param name="counts">Its distinct tokens, in order of first appearance.</param>
    /// <param name="minFreq">Rarer tokens are left out.</param>
    /// <param name="reserved">Tokens that have a place in any case.</param>
    internal virtual Vocab VocabOf(IEnumerable<TokenCount> counts, int minFreq, IEnumerable<string> reserved) =>
        new(counts, minFreq, reserved);

    /// <summary>Where a token begins, in UTF-16 units; the text's length when it has no such token.</summary>
    /// <param name="text">The text.</param>
    /// <param name="token">Which token, from 0.</param>
    public int PlaceOf(ReadOnlySpan<char> text, int token) => NewPass().PlaceOf(text, token);
}
