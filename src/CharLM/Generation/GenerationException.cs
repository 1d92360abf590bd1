namespace CharLM.Generation;

/// <summary>A model with which no token can be chosen.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class GenerationException(string message) : InvalidOperationException(message);
