using System.Text;

namespace CharLM.Tokenization;

/// <summary>Tokens are Unicode scalar values.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
internal sealed class CharTokenizer : Tokenizer
{
    /// <inheritdoc/>
    public override TokenKind Kind => TokenKind.Char;

    /// <inheritdoc/>
    public override string TokenSeparator => "";

    /// <inheritdoc/>
    public override string LineSeparator => "";

    /// <inheritdoc/>
    public override bool IsReserved(string token) => token is ['<', _, .., '>'];

    /// <inheritdoc/>
    public override IEnumerable<string> Tokenize(string text) => text.EnumerateRunes().Select(rune => rune.ToString());

    /// <inheritdoc/>
    internal override TokenPass NewPass(int firstId = 0) => new CharPass { FirstId = firstId };

    /// <summary>Counts the Unicode scalar values of a text.</summary>
    public static int Length(ReadOnlySpan<char> text)
    {
        int length = text.Length;
        for (int i = text.IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                length--;
        }
        return length;
    }
}
