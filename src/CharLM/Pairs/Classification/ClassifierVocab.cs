using CharLM.Tokenization;

namespace CharLM.Pairs.Classification;

/// <summary>Converts texts to token ids, and labels to numbers from 0.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="config">What gets a label, and how texts are split.</param>
/// <param name="source">Tokens of the texts.</param>
/// <param name="target">Labels; the first, unknown one is not a class.</param>
internal sealed class ClassifierVocab(ClassifierConfig config, Vocab source, Vocab target)
    : PairVocab(source, target, config.SourceTokens)
{
    private readonly LabelOf _labelOf = config.LabelOf;

    /// <summary>The labels, in order of their numbers.</summary>
    public IReadOnlyList<string> Labels { get; } = [.. target.Tokens.Skip(1)];

    /// <summary>The vocab of training pairs.</summary>
    public static ClassifierVocab Of(ClassifierConfig config, IEnumerable<TextPair> pairs)
    {
        ArgumentNullException.ThrowIfNull(config);
        List<TextPair> all = [.. pairs];
        IEnumerable<string> targets = all.Select(pair => pair.Target);
        return new ClassifierVocab(
            config, new Vocab(config.SourceTokens.Count(all.Select(pair => pair.Source)), config.MinFreq),
                new Vocab(config.LabelOf == LabelOf.Character ? PairTokens.Characters.Count(targets) : CountWhole(targets)));
    }

    /// <summary>The token ids of a text; <see cref="Vocab.UnknownId"/> for tokens unseen in training.</summary>
    public int[] EncodeText(string text) => Texts.Encode(text, Source);

    /// <summary>The numbers of a target's labels: one, or one per character; -1 for a label unseen in training.</summary>
    public int[] EncodeLabels(string target)
    {
        int[] ids = _labelOf == LabelOf.Character ? PairTokens.Characters.Encode(target, Target) : [Target[target]];
        return Array.ConvertAll(ids, id => id - 1);
    }

    /// <summary>Why a text cannot be labelled; null when it can.</summary>
    public static string? ErrorOfText(string text, ClassifierConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        PairTokens tokens = config.SourceTokens;
        int length = tokens.Length(text);
        return text.Length == 0 ? "the text is empty"
            : length == 0 ? $"the text has no {tokens.Name}"
            : length > config.MaxLength ? $"the text has {length} {tokens.Name}, more than --max-length {config.MaxLength}"
            : null;
    }

    /// <summary>Why a pair cannot be learned or measured; null when it can.</summary>
    public string? ErrorOf(TextPair pair, ClassifierConfig config)
    {
        if (ErrorOfText(pair.Source, config) is { } error)
            return error;
        int characters = CharTokenizer.Length(pair.Source), labels = CharTokenizer.Length(pair.Target);
        if (_labelOf == LabelOf.Character && labels != characters)
            return $"{characters} characters have {labels} labels: with --label-of character the second column is as long as the first";
        int unknown = Array.IndexOf(EncodeLabels(pair.Target), -1);
        if (unknown < 0)
            return null;
        string label = _labelOf == LabelOf.Character ? PairTokens.Characters.Split(pair.Target)[unknown] : pair.Target;
        return ErrorOfLabel(label, Labels);
    }

    /// <inheritdoc/>
    internal override string? LabelIn(TextPair pair) => _labelOf == LabelOf.Text ? pair.Target : null;
}

/// <summary>A label assigned by a model.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Label">Its number.</param>
/// <param name="Probability">The model's probability, 0 to 1.</param>
public readonly record struct Labelled(int Label, double Probability);
