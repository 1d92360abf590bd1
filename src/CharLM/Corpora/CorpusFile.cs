namespace CharLM.Corpora;

/// <summary>A verified file of a corpus on this machine.</summary>
/// <param name="Entry">The corpus.</param>
/// <param name="Path">The file's full path.</param>
/// <param name="Source">Where it came from just now, or null when it was here already.</param>
public sealed record CorpusFile(CorpusEntry Entry, string Path, string? Source);
