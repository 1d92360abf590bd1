using System.Text.Json.Serialization;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Models.Attention;
using CharLM.Randomness;
using CharLM.Tokenization;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Pairs;

/// <summary>The common base of models for pairs.</summary>
internal abstract class PairModel : Module, IAccessedModel
{
    /// <summary>A model without layers yet.</summary>
    /// <param name="name">The name of its torch module.</param>
    /// <param name="config">The configuration.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    protected PairModel(string name, PairConfig config)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(config);
        InvalidConfigException.ThrowIfAny(config.Errors());
        Access = new ModuleAccess(this);
    }

    /// <summary>The device of the weights.</summary>
    public abstract Device Device { get; }

    /// <summary>The number of values in all weights, including frozen ones.</summary>
    public long NumParameters => parameters().Sum(parameter => parameter.numel());

    /// <inheritdoc/>
    ModelAccess IAccessedModel.Access => Access;

    /// <summary>The current users of the model.</summary>
    internal ModelAccess Access { get; }

    /// <summary>Frees the weights, after any calls in progress; later calls throw. A second call does nothing.</summary>
    /// <inheritdoc/>
    protected sealed override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (!Access.Close())
                return;
            DisposeLayers();
        }
        base.Dispose(disposing);
    }

    /// <summary>Frees resources that torch does not know of.</summary>
    private protected virtual void DisposeLayers()
    {
    }
}

/// <summary>The configuration of a model for pairs; its type is the kind of model.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public abstract record PairConfig
{
    private protected PairConfig()
    {
    }

    /// <summary>The name of the kind of model in checkpoints and configurations.</summary>
    [JsonIgnore]
    public abstract string Kind { get; }

    /// <summary>The recurrent layers.</summary>
    public abstract ModelConfig Model { get; init; }

    /// <summary>What the texts are split into, characters or words; default characters. Labels are whole.</summary>
    public TokenKind Token { get; init; } = TokenKind.Char;

    /// <summary>
    /// How texts are cleaned; default none. <see cref="Corpora.Cleaning.D2L"/> is what both editions of Dive into Deep Learning do to
    /// pairs: lower case, plain spaces, and with words a space before each of <c>, . ! ?</c>, which becomes a word of its own.
    /// </summary>
    public Cleaning Cleaning { get; init; } = Cleaning.None;

    /// <summary>Tokens of texts that occur fewer times are read as <see cref="Vocab.Unknown"/>, 0 or more; default 0: none.</summary>
    public int MinFreq { get; init; }

    /// <summary>Lets every state of the encoder attend to all of its states; default null: none.</summary>
    public AttentionKind? EncoderAttention { get; init; }

    /// <summary>The sources, as the model sees them.</summary>
    internal PairTokens SourceTokens => new(Token, Cleaning);

    /// <summary>What depends on the total number of epochs, as a phrase for messages; null for nothing.</summary>
    internal virtual string? WhatSpansAllEpochs => null;

    /// <summary>Every error of the configuration; empty when there is none.</summary>
    public abstract IEnumerable<string> Errors();

    /// <summary>Every error in how the texts are read.</summary>
    private protected IEnumerable<string> TextErrors()
    {
        foreach (string error in PairTokens.Errors(Token, Cleaning))
            yield return error;
        if (MinFreq < 0)
            yield return $"min-freq must be 0 or more, not {MinFreq}";
    }

    /// <summary>The vocabs of training pairs.</summary>
    internal abstract PairVocab VocabOf(IReadOnlyList<TextPair> pairs);

    /// <summary>The shape of every weight, by name.</summary>
    /// <exception cref="FormatException">No model can have these vocabs; the message says why.</exception>
    internal abstract IReadOnlyDictionary<string, long[]> Shapes(Vocab source, Vocab target);

    /// <summary>A model with fresh weights, drawn from torch's generator.</summary>
    /// <param name="source">Tokens of the sources.</param>
    /// <param name="target">Labels, or tokens of the targets.</param>
    /// <param name="threads">Threads of the kernels; 0: one per processor.</param>
    /// <param name="start">The content of the file that its weights will come from; null for a new model.</param>
    internal abstract TrainedModel Build(Vocab source, Vocab target, int threads, PairCheckpoint? start);
}

/// <summary>The task of a <see cref="PairTrainer"/>: a model and examples of different lengths.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
public interface IPairTask
{
    /// <summary>The model.</summary>
    nn.Module Model { get; }

    /// <summary>The sort key of each example, such as its length in tokens: similar ones are put side by side.</summary>
    IReadOnlyList<int> Lengths { get; }

    /// <summary>The loss of some examples.</summary>
    /// <param name="examples">The indices of the examples.</param>
    /// <param name="progress">The fraction of training done, 0 to 1.</param>
    /// <param name="random">The randomness of this step.</param>
    /// <returns>Mean cross-entropy in nats, and the number of predictions in it.</returns>
    (Tensor Loss, long Predictions) Loss(ReadOnlySpan<int> examples, double progress, RandomStream random);

    /// <summary>The same without randomness, for measuring.</summary>
    /// <param name="examples">The indices of the examples.</param>
    (Tensor Loss, long Predictions) Loss(ReadOnlySpan<int> examples);
}

/// <summary>The two vocabs of a model for pairs.</summary>
/// <param name="source">Tokens of the sources.</param>
/// <param name="target">Labels, or tokens of the targets.</param>
/// <param name="texts">Splits sources into tokens.</param>
internal abstract class PairVocab(Vocab source, Vocab target, PairTokens texts)
{
    /// <summary>Splits sources into tokens.</summary>
    public PairTokens Texts { get; } = texts;

    /// <summary>Tokens of the sources.</summary>
    public Vocab Source { get; } = source;

    /// <summary>Labels, or tokens of the targets.</summary>
    public Vocab Target { get; } = target;

    /// <summary>
    /// The tokens of sources that are not in the vocab, which the model reads as <see cref="Vocab.Unknown"/>; none if sources are
    /// labels.
    /// </summary>
    public virtual IReadOnlyList<TokenCount> UnknownInSources(IEnumerable<string> sources) => UnknownOf(sources, Texts, Source);

    /// <summary>The tokens of targets that the model can never write; none if targets are labels.</summary>
    public virtual IReadOnlyList<TokenCount> UnknownInTargets(IEnumerable<string> targets) => [];

    /// <summary>The side of a pair that is a single label; null when neither is.</summary>
    internal abstract string? LabelIn(TextPair pair);

    /// <summary>Why a label that is not in the vocab cannot be used.</summary>
    protected static string ErrorOfLabel(string label, IEnumerable<string> known) => label == Vocab.Unknown
        ? $"the label {Vocab.Unknown} is reserved: it stands for labels unseen in training; give it another name"
        : $"the label '{label}' was not in training; known are {Truncated.Some(known)}";

    /// <summary>The tokens of texts that are not in a vocab, in order of first appearance.</summary>
    protected static IReadOnlyList<TokenCount> UnknownOf(IEnumerable<string> texts, PairTokens tokens, Vocab vocab)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(vocab);
        return [.. tokens.Count(texts).Where(count => vocab[count.Token] == Vocab.UnknownId)];
    }

    /// <summary>
    /// Why the sources of pairs are another language or alphabet than the model's: more than half of their tokens are unknown to it; null
    /// when they are not, and when they are labels.
    /// </summary>
    public string? ErrorOfLanguage(PairFile pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        string[] sources = [.. pairs.Pairs.Select(pair => pair.Source)];
        long unknown = UnknownInSources(sources).Sum(count => count.Count);
        if (unknown == 0)
            return null;
        long all = sources.Sum(source => (long)Texts.Length(source));
        if (unknown <= all / 2)
            return null;
        IReadOnlyList<TokenCount> targets = Texts.Count(pairs.Pairs.Select(pair => pair.Target));
        bool swapped = targets.Where(count => Source[count.Token] != Vocab.UnknownId).Sum(count => count.Count)
            > targets.Sum(count => count.Count) / 2;
        return $"vocab mismatch: {unknown} of the {all} {Texts.Name} of the sources in {pairs.Path} are not in the model's vocab; "
            + (swapped ? "its targets are: swap the two columns" : "train a new model on them");
    }

    /// <summary>Counts labels: each text is one token.</summary>
    protected static IReadOnlyList<TokenCount> CountWhole(IEnumerable<string> texts) =>
        [.. texts.CountBy(text => text).Select(entry => new TokenCount(entry.Key, entry.Value))];
}
