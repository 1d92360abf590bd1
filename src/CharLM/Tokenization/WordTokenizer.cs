namespace CharLM.Tokenization;

/// <summary>Tokens are runs of characters between white space, as in Python's <c>str.split()</c>.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
internal sealed class WordTokenizer : Tokenizer
{
    /// <inheritdoc/>
    public override TokenKind Kind => TokenKind.Word;

    /// <inheritdoc/>
    public override string TokenSeparator => " ";

    /// <inheritdoc/>
    public override string LineSeparator => "\n";

    /// <inheritdoc/>
    public override IEnumerable<string> Tokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Words(text);
    }

    /// <inheritdoc/>
    internal override TokenPass NewPass(int firstId = 0) => new WordPass { FirstId = firstId };

    private static IEnumerable<string> Words(string text)
    {
        int position = 0;
        while (NextWord(text, ref position).ToString() is { Length: > 0 } word)
            yield return word;
    }

    // The next word at or after position, empty at the end; position moves past it.
    internal static ReadOnlySpan<char> NextWord(ReadOnlySpan<char> text, ref int position)
    {
        while (position < text.Length && IsWhiteSpace(text[position]))
            position++;
        int start = position;
        while (position < text.Length && !IsWhiteSpace(text[position]))
            position++;
        return text[start..position];
    }

    /// <summary>
    /// Whether a character separates words: Python adds the four ASCII separators (file, group, record, unit) to the white space of .NET
    /// and Unicode.
    /// </summary>
    internal static bool IsWhiteSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';
}
