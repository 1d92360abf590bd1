using CharLM.Tokenization;

namespace CharLM.Pairs;

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

    /// <summary>The characters of sources that the vocab has not, which the model reads as <see cref="Vocab.Unknown"/>; none where sources are labels.</summary>
    public virtual IReadOnlyList<TokenCount> UnknownInSources(IEnumerable<string> sources) => UnknownOf(sources, Source);

    /// <summary>The characters of targets that the model can never write; none where it gives labels.</summary>
    public virtual IReadOnlyList<TokenCount> UnknownInTargets(IEnumerable<string> targets) => [];

    /// <summary>What of a pair is a label as a whole; null when nothing is.</summary>
    internal abstract string? LabelIn(TextPair pair);

    /// <summary>Why a label that the vocab has not cannot be used.</summary>
    protected static string FaultOfLabel(string label, IEnumerable<string> known) => label == Vocab.Unknown
        ? $"the label {Vocab.Unknown} is reserved: it stands for every label that training had not; give it another name"
        : $"the label '{label}' was not in training; known are {Listed.Some(known)}";

    /// <summary>The characters of texts that a vocab has not, in order of first appearance.</summary>
    protected static IReadOnlyList<TokenCount> UnknownOf(IEnumerable<string> texts, Vocab vocab)
    {
        ArgumentNullException.ThrowIfNull(vocab);
        return [.. CountCharacters(texts).Where(count => vocab[count.Token] == Vocab.UnknownId)];
    }

    /// <summary>Counts one token a text: labels.</summary>
    protected static IReadOnlyList<TokenCount> CountWhole(IEnumerable<string> texts) => [.. texts.CountBy(text => text).Select(entry => new TokenCount(entry.Key, entry.Value))];

    /// <summary>Counts the characters of texts.</summary>
    protected static IReadOnlyList<TokenCount> CountCharacters(IEnumerable<string> texts) => Characters.Count(string.Concat(texts));
}
