namespace CharLM.Checkpoints;

/// <summary>Which text a model was trained on.</summary>
/// <param name="Name">The corpus's name, or the path that was given.</param>
/// <param name="Sha256">SHA-256 of its bytes, hexadecimal.</param>
public sealed record CorpusRecord(string Name, string Sha256);
