namespace CharLM.Corpora;

/// <summary>A corpus and what this machine has of it.</summary>
/// <param name="Entry">The corpus.</param>
/// <param name="State">What there is.</param>
/// <param name="Path">The full path where it is, or would be; empty where nothing can be kept.</param>
/// <param name="Fault">What is wrong with the file, in one line; null unless it is <see cref="CorpusState.Corrupt"/>.</param>
public sealed record CorpusStatus(CorpusEntry Entry, CorpusState State, string Path, string? Fault);
