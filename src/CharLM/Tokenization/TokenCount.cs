namespace CharLM.Tokenization;

/// <summary>How often a token occurs.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Token">The token.</param>
/// <param name="Count">Its occurrences, 1 or more.</param>
public readonly record struct TokenCount(string Token, long Count);
