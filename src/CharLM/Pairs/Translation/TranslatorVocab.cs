using System.Text;
using CharLM.Tokenization;

namespace CharLM.Pairs.Translation;

/// <summary>Converts texts to the token ids of an encoder-decoder and back.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="kind">The kind of source.</param>
/// <param name="source">Tokens of the sources: characters or labels.</param>
/// <param name="target">Tokens of the targets: characters, <see cref="Begin"/> and <see cref="End"/>.</param>
internal sealed class TranslatorVocab(SourceKind kind, Vocab source, Vocab target) : PairVocab(source, target)
{
    /// <summary>The token before the first written character.</summary>
    public const string Begin = "<bos>";

    /// <summary>The token that ends a target.</summary>
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

    /// <summary>The token ids of a source; <see cref="Vocab.UnknownId"/> for tokens unseen in training.</summary>
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

    /// <summary>Why a target cannot be learned: it would teach the model to write the unknown token; null when it can.</summary>
    public string? ErrorOfTarget(string text) => UnknownOf([text], Target) is [var first, ..]
        ? $"the target has '{first.Token}', which is not in the model's target vocab: train a new model, since a vocab does not grow"
        : null;

    /// <inheritdoc/>
    public override IReadOnlyList<TokenCount> UnknownInSources(IEnumerable<string> sources) =>
        kind == SourceKind.Label ? [] : base.UnknownInSources(sources);

    /// <inheritdoc/>
    public override IReadOnlyList<TokenCount> UnknownInTargets(IEnumerable<string> targets) => UnknownOf(targets, Target);

    /// <summary>The token ids of a target, without begin and end.</summary>
    public int[] EncodeTarget(string text) => Characters.Encode(text, Target);

    /// <summary>The text of written token ids, up to the end token.</summary>
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
