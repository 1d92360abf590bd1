using System.Text;
using CharLM.Tokenization;

namespace CharLM.Pairs.Translation;

/// <summary>Texts as the token ids of an encoder-decoder, and back.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="kind">What a source is.</param>
/// <param name="source">Tokens of what is read: characters, or labels.</param>
/// <param name="target">Tokens of what is written: characters, <see cref="Begin"/> and <see cref="End"/>.</param>
internal sealed class TranslatorVocab(SourceKind kind, Vocab source, Vocab target) : PairVocab(source, target)
{
    /// <summary>Stands before the first character that is written.</summary>
    public const string Begin = "<bos>";

    /// <summary>Says that all is written.</summary>
    public const string End = "<eos>";

    /// <summary>The id of <see cref="Begin"/>.</summary>
    public int BeginId { get; } = target[Begin];

    /// <summary>The id of <see cref="End"/>.</summary>
    public int EndId { get; } = target[End];

    /// <summary>The vocab of training pairs.</summary>
    public static TranslatorVocab Of(SourceKind kind, IEnumerable<TextPair> pairs)
    {
        List<TextPair> all = [.. pairs];
        IEnumerable<string> sources = all.Select(pair => pair.Source);
        return new TranslatorVocab(
            kind,
            new Vocab(kind == SourceKind.Label ? CountWhole(sources) : CountCharacters(sources)),
            new Vocab(CountCharacters(all.Select(pair => pair.Target)), reserved: [Begin, End]));
    }

    /// <summary>The tokens of a source; what training had not is <see cref="Vocab.UnknownId"/>.</summary>
    public int[] EncodeSource(string text) => kind == SourceKind.Label ? [Source[text]] : Characters.Encode(text, Source);

    /// <summary>Why a source cannot be translated; null when it can.</summary>
    public string? ErrorOfSource(string text, TranslatorConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (kind == SourceKind.Label)
            return Source[text] == Vocab.UnknownId ? ErrorOfLabel(text, Source.Tokens.Skip(1)) : null;
        int length = CharTokenizer.Length(text);
        return length == 0 ? "the source is empty"
            : length > config.MaxSource ? $"the source has {length} characters, more than --max-source {config.MaxSource}"
            : null;
    }

    /// <summary>Why a pair cannot be learned or measured; null when it can.</summary>
    public string? ErrorOf(TextPair pair, TranslatorConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        int length = CharTokenizer.Length(pair.Target);
        return ErrorOfSource(pair.Source, config)
            ?? (length > config.MaxTarget ? $"the target has {length} characters, more than --max-target {config.MaxTarget}" : null);
    }

    /// <summary>
    /// Why a target cannot be learned: the model would learn to write what stands for everything unknown; null when it can.
    /// </summary>
    public string? ErrorOfTarget(string text) => UnknownOf([text], Target) is [var first, ..]
        ? $"the target has '{first.Token}', which is not in the vocab of what the model writes: a vocab does not grow, train a new model"
        : null;

    /// <inheritdoc/>
    public override IReadOnlyList<TokenCount> UnknownInSources(IEnumerable<string> sources) =>
        kind == SourceKind.Label ? [] : base.UnknownInSources(sources);

    /// <inheritdoc/>
    public override IReadOnlyList<TokenCount> UnknownInTargets(IEnumerable<string> targets) => UnknownOf(targets, Target);

    /// <summary>The tokens of a target, without begin and end.</summary>
    public int[] EncodeTarget(string text) => Characters.Encode(text, Target);

    /// <summary>What was written, up to its end.</summary>
    public string Decode(IEnumerable<int> ids)
    {
        var text = new StringBuilder();
        foreach (int id in ids.TakeWhile(id => id != EndId))
            text.Append(Target[id]);
        return text.ToString();
    }

    /// <inheritdoc/>
    internal override string? LabelIn(TextPair pair) => kind == SourceKind.Label ? pair.Source : null;
}
