using CharLM.Tokenization;

namespace CharLM.Sequences;

/// <summary>The two vocabs of a model that learns from pairs.</summary>
/// <param name="source">Tokens of what is read.</param>
/// <param name="target">Labels, or tokens of what is written.</param>
public abstract class SequenceVocab(Vocab source, Vocab target)
{
    /// <summary>Splits texts into what the vocabs hold.</summary>
    protected static CharTokenizer Characters { get; } = new();

    /// <summary>Tokens of what is read.</summary>
    public Vocab Source { get; } = source;

    /// <summary>Labels, or tokens of what is written.</summary>
    public Vocab Target { get; } = target;

    /// <summary>Counts one token a text: labels.</summary>
    protected static IReadOnlyList<TokenCount> CountWhole(IEnumerable<string> texts) => [.. texts.CountBy(text => text).Select(entry => new TokenCount(entry.Key, entry.Value))];

    /// <summary>Counts the characters of texts.</summary>
    protected static IReadOnlyList<TokenCount> CountCharacters(IEnumerable<string> texts) => Characters.Count(string.Concat(texts));
}
