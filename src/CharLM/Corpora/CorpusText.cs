namespace CharLM.Corpora;

/// <summary>A corpus in memory, not cleaned yet.</summary>
/// <param name="Text">The text, without a byte order mark; never empty.</param>
/// <param name="Origin">Which text it is.</param>
public sealed record CorpusText(string Text, CorpusOrigin Origin);
