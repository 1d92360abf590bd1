using System.Text;

namespace CharLM.Tokenization;

/// <summary>
/// Tokens are bytes. Strings represent a byte as the character with the same number, U+0000 to U+00FF: <see cref="FromText"/> and
/// <see cref="ToText"/> convert readable text to this form and back.
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
    internal override TokenPass NewPass(int firstId = 0) => new CharPass(units: true) { FirstId = firstId };

    // No vocab contains a character that is not a byte.
    internal override int IdOf(string token, Vocab vocab) => token[0] < Bytes ? vocab[token] : Vocab.UnknownId;

    /// <inheritdoc/>
    public override string FromText(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    /// <inheritdoc/>
    public override string ToText(string tokens) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(tokens));

    // All bytes in order, even those that do not occur in the text.
    internal override Vocab VocabOf(IEnumerable<TokenCount> counts, int minFreq, IEnumerable<string> reserved) =>
        new(counts, 0, reserved.Concat(Enumerable.Range(0, Bytes).Select(one => ((char)one).ToString())));

    internal override byte[] BytesOf(string text) => Encoding.Latin1.GetBytes(text);

    // Every byte except a UTF-8 continuation byte begins a character.
    internal override long CharactersOf(string text) => text.LongCount(one => (one & 0xC0) != 0x80);
}
