namespace CharLM.Tokenization;

/// <summary>What one token of a text is.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum TokenKind
{
    /// <summary>A Unicode scalar value: what a reader calls a character, never half a surrogate pair.</summary>
    Char,

    /// <summary>A run of characters between white space.</summary>
    Word,
}
