namespace CharLM.Corpora;

/// <summary>Why one place did not give a corpus.</summary>
/// <param name="Source">The place: an address, an npm package or a path.</param>
/// <param name="Reason">What happened, in one line.</param>
public sealed record SourceFailure(string Source, string Reason);
