namespace CharLM.Generation;

/// <summary>The next part of a text that is being written.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Sample">The number of the text, from 0.</param>
/// <param name="Text">What is added to it; may be empty.</param>
/// <param name="End">Why it ends here; null when it goes on.</param>
public readonly record struct TextPiece(int Sample, string Text, TextEnd? End);
