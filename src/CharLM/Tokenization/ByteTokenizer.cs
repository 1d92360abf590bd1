using System.Text;

namespace CharLM.Tokenization;

/// <summary>
/// Tokens are bytes. A byte stands in strings as the character of the same number, U+0000 to U+00FF: <see cref="FromText"/> and
/// <see cref="ToText"/> lead from a person's text to that and back.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
internal sealed class ByteTokenizer : Tokenizer
{
    private const int Bytes = 256;

    /// <inheritdoc/>
    public override TokenKind Kind => TokenKind.Byte;

    /// <inheritdoc/>
    public override string TokenSeparator => "";

    /// <inheritdoc/>
    public override string LineSeparator => "";

    /// <inheritdoc/>
    public override bool IsReserved(string token) => token is ['<', _, .., '>'];

    /// <inheritdoc/>
    public override IEnumerable<string> Tokenize(string text) => text.Select(one => one.ToString());

    /// <inheritdoc/>
    public override IReadOnlyList<TokenCount> Count(ReadOnlySpan<char> text)
    {
        var counts = new long[char.MaxValue + 1];
        var seen = new List<char>();
        foreach (char one in text)
        {
            if (counts[one]++ == 0)
                seen.Add(one);
        }
        return seen.ConvertAll(one => new TokenCount(one.ToString(), counts[one]));
    }

    /// <inheritdoc/>
    public override int[] Encode(ReadOnlySpan<char> text, Vocab vocab, int? maxTokens = null)
    {
        ArgumentNullException.ThrowIfNull(vocab);
        int[] table = [.. Enumerable.Range(0, Bytes).Select(one => vocab[((char)one).ToString()])];
        var ids = new int[Math.Min(text.Length, maxTokens ?? int.MaxValue)];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = text[i] < Bytes ? table[text[i]] : Vocab.UnknownId;
        return ids;
    }

    /// <inheritdoc/>
    public override int PlaceOf(ReadOnlySpan<char> text, int token) => Math.Min(token, text.Length);

    /// <inheritdoc/>
    public override string FromText(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    /// <inheritdoc/>
    public override string ToText(string tokens) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(tokens));

    // All bytes in order, whether the text has them or not.
    internal override Vocab VocabOf(IEnumerable<TokenCount> counts, int minFreq, IEnumerable<string> reserved) =>
        new(counts, 0, reserved.Concat(Enumerable.Range(0, Bytes).Select(one => ((char)one).ToString())));

    internal override byte[] BytesOf(string text) => Encoding.Latin1.GetBytes(text);

    // A byte but those that go on with a character of UTF-8 begins one.
    internal override long CharactersOf(string text) => text.LongCount(one => (one & 0xC0) != 0x80);
}
