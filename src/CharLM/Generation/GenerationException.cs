namespace CharLM.Generation;

/// <summary>A model with which no token can be chosen.</summary>
public sealed class GenerationException(string message) : InvalidOperationException(message);
