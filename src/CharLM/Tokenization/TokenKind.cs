namespace CharLM.Tokenization;

/// <summary>What one token of a text is.</summary>
public enum TokenKind
{
    /// <summary>A Unicode scalar value: what a reader calls a character, never half a surrogate pair.</summary>
    Char,

    /// <summary>A run of characters between white space.</summary>
    Word,
}
