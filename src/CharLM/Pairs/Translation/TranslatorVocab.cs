using CharLM.Tokenization;

namespace CharLM.Pairs.Translation;

/// <summary>Converts texts to the token ids of an encoder-decoder and back.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="config">The kind of source, and how texts are split.</param>
/// <param name="source">Tokens of the sources, or labels.</param>
/// <param name="target">Tokens of the targets, <see cref="Begin"/> and <see cref="End"/>.</param>
internal sealed class TranslatorVocab(TranslatorConfig config, Vocab source, Vocab target)
    : PairVocab(source, target, config.SourceTokens)
{
    /// <summary>The token before the first written one.</summary>
    public const string Begin = "<bos>";

    /// <summary>The token that ends a target.</summary>
    public const string End = "<eos>";

    private readonly bool _readsLabels = config.Source == SourceKind.Label, _learnsUnknown = config.MinFreq > 1;

    /// <summary>The targets, as the model sees them.</summary>
    public PairTokens Written { get; } = config.TargetTokens;

    /// <summary>The id of <see cref="Begin"/>.</summary>
    public int BeginId { get; } = target[Begin];

    /// <summary>The id of <see cref="End"/>.</summary>
    public int EndId { get; } = target[End];

    /// <summary>The vocab of training pairs.</summary>
    public static TranslatorVocab Of(TranslatorConfig config, IEnumerable<TextPair> pairs)
    {
        ArgumentNullException.ThrowIfNull(config);
        List<TextPair> all = [.. pairs];
        IEnumerable<string> sources = all.Select(pair => pair.Source);
        return new TranslatorVocab(
            config,
            config.Source == SourceKind.Label ? new Vocab(CountWhole(sources))
                : new Vocab(config.SourceTokens.Count(sources), config.MinFreq),
            new Vocab(config.TargetTokens.Count(all.Select(pair => pair.Target)), config.MinFreq, reserved: [Begin, End]));
    }

    /// <summary>The token ids of a source; <see cref="Vocab.UnknownId"/> for tokens unseen in training.</summary>
    public int[] EncodeSource(string text) => _readsLabels ? [Source[text]] : Texts.Encode(text, Source);

    /// <summary>Why a source cannot be translated; null when it can.</summary>
    public string? ErrorOfSource(string text, TranslatorConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (_readsLabels)
            return Source[text] == Vocab.UnknownId ? ErrorOfLabel(text, Source.Tokens.Skip(1)) : null;
        int length = Texts.Length(text), most = config.EqualLength ? Math.Min(config.MaxSource, config.MaxTarget) : config.MaxSource;
        return text.Length == 0 ? "the source is empty"
            : length == 0 ? $"the source has no {Texts.Name}"
            : length > most ? $"the source has {length} {Texts.Name}, more than "
                + $"{(most < config.MaxSource ? "--max-target" : "--max-source")} {most}"
            : null;
    }

    /// <summary>Why a pair cannot be learned or measured; null when it can.</summary>
    public string? ErrorOf(TextPair pair, TranslatorConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (ErrorOfSource(pair.Source, config) is { } error)
            return error;
        int length = Written.Length(pair.Target);
        if (length == 0)
            return $"the target has no {Written.Name}";
        if (length > config.MaxTarget)
            return $"the target has {length} {Written.Name}, more than --max-target {config.MaxTarget}";
        return config.EqualLength && Texts.Length(pair.Source) is var due && due != length
            ? $"the source has {due} {Texts.Name} and the target {length}: with --equal-length both have the same number" : null;
    }

    /// <summary>Why a target cannot be learned: it would teach the model to write the unknown token; null when it can.</summary>
    public string? ErrorOfTarget(string text)
    {
        if (Written.Split(text).FirstOrDefault(token => token is Begin or End or Vocab.Unknown) is { } reserved)
            return $"the target has the word '{reserved}', which is reserved";
        return !_learnsUnknown && UnknownOf([text], Written, Target) is [var first, ..]
            ? $"the target has '{first.Token}', which is not in the model's target vocab: train a new model, since a vocab does not grow"
            : null;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TokenCount> UnknownInSources(IEnumerable<string> sources) =>
        _readsLabels ? [] : base.UnknownInSources(sources);

    /// <inheritdoc/>
    public override IReadOnlyList<TokenCount> UnknownInTargets(IEnumerable<string> targets) => UnknownOf(targets, Written, Target);

    /// <summary>The token ids of a target, without begin and end.</summary>
    public int[] EncodeTarget(string text)
    {
        int[] ids = Written.Encode(text, Target);
        // A word of a text that is spelled like one of the two is another word.
        return Array.ConvertAll(ids, id => id == BeginId || id == EndId ? Vocab.UnknownId : id);
    }

    /// <summary>The text of written token ids, up to the end token.</summary>
    public string Decode(IEnumerable<int> ids) => Written.Join(TokensOf(ids));

    /// <summary>The written tokens, without the end token.</summary>
    public IReadOnlyList<string> TokensOf(IEnumerable<int> ids) => [.. ids.TakeWhile(id => id != EndId).Select(id => Target[id])];

    /// <inheritdoc/>
    internal override string? LabelIn(TextPair pair) => _readsLabels ? pair.Source : null;
}
