using CharLM.Tokenization;

namespace CharLM.Pairs.Classification;

/// <summary>Converts texts to token ids, and labels to numbers from 0.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="labelOf">What gets a label.</param>
/// <param name="source">Characters.</param>
/// <param name="target">Labels; the first, unknown one is not a class.</param>
internal sealed class ClassifierVocab(LabelOf labelOf, Vocab source, Vocab target) : PairVocab(source, target)
{
    /// <summary>The labels, in order of their numbers.</summary>
    public IReadOnlyList<string> Labels { get; } = [.. target.Tokens.Skip(1)];

    /// <summary>The vocab of training pairs.</summary>
    public static ClassifierVocab Of(LabelOf labelOf, IEnumerable<TextPair> pairs)
    {
        List<TextPair> all = [.. pairs];
        IEnumerable<string> targets = all.Select(pair => pair.Target);
        return new ClassifierVocab(
            labelOf, new Vocab(CountCharacters(all.Select(pair => pair.Source))),
                new Vocab(labelOf == LabelOf.Character ? CountCharacters(targets) : CountWhole(targets)));
    }

    /// <summary>The token ids of a text; <see cref="Vocab.UnknownId"/> for characters unseen in training.</summary>
    public int[] EncodeText(string text) => Characters.Encode(text, Source);

    /// <summary>The numbers of a target's labels: one, or one per character; -1 for a label unseen in training.</summary>
    public int[] EncodeLabels(string target)
    {
        int[] ids = labelOf == LabelOf.Character ? Characters.Encode(target, Target) : [Target[target]];
        return Array.ConvertAll(ids, id => id - 1);
    }

    /// <summary>Why a text cannot be labelled; null when it can.</summary>
    public static string? ErrorOfText(string text, ClassifierConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        int length = CharTokenizer.Length(text);
        return length == 0 ? "the text is empty"
            : length > config.MaxLength ? $"the text has {length} characters, more than --max-length {config.MaxLength}"
            : null;
    }

    /// <summary>Why a pair cannot be learned or measured; null when it can.</summary>
    public string? ErrorOf(TextPair pair, ClassifierConfig config)
    {
        if (ErrorOfText(pair.Source, config) is { } error)
            return error;
        int characters = CharTokenizer.Length(pair.Source), labels = CharTokenizer.Length(pair.Target);
        if (labelOf == LabelOf.Character && labels != characters)
            return $"{characters} characters have {labels} labels: with --label-of character the second column is as long as the first";
        int unknown = Array.IndexOf(EncodeLabels(pair.Target), -1);
        if (unknown < 0)
            return null;
        string label = labelOf == LabelOf.Character ? Characters.Tokenize(pair.Target).ElementAt(unknown) : pair.Target;
        return ErrorOfLabel(label, Labels);
    }

    /// <inheritdoc/>
    internal override string? LabelIn(TextPair pair) => labelOf == LabelOf.Text ? pair.Target : null;
}

/// <summary>A label assigned by a model.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Label">Its number.</param>
/// <param name="Probability">The model's probability, 0 to 1.</param>
public readonly record struct Labelled(int Label, double Probability);
