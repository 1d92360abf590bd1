using System.Text.Json.Serialization;
using CharLM.Models;
using CharLM.Randomness;
using CharLM.Tokenization;
using static TorchSharp.torch.nn;
using static TorchSharp.torch;

namespace CharLM.Pairs;

/// <summary>A model that learns from pairs, with what every one of them has.</summary>
internal abstract class PairModel : Module, IAccessedModel
{
    /// <summary>A model without layers yet.</summary>
    /// <param name="name">Torch's name for it.</param>
    /// <param name="config">What it is made of.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    protected PairModel(string name, PairConfig config)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(config);
        InvalidConfigException.ThrowIfAny(config.Errors());
        Access = new ModelAccess(this);
    }

    /// <summary>Where the weights live.</summary>
    public abstract Device Device { get; }

    /// <summary>The number of values in all weights, frozen ones included.</summary>
    public long NumParameters => parameters().Sum(parameter => parameter.numel());

    /// <inheritdoc/>
    ModelAccess IAccessedModel.Access => Access;

    /// <summary>Who uses the model just now.</summary>
    internal ModelAccess Access { get; }

    /// <summary>Frees the weights, after calls that go on; later ones throw. The second time does nothing.</summary>
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

    /// <summary>Frees what torch does not know of.</summary>
    private protected virtual void DisposeLayers()
    {
    }
}

/// <summary>What a model that learns from pairs is made of; its type is the kind of the model.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public abstract record PairConfig
{
    private protected PairConfig()
    {
    }

    /// <summary>What checkpoints and configurations call the kind of model.</summary>
    [JsonIgnore]
    public abstract string Kind { get; }

    /// <summary>The recurrent layers.</summary>
    public abstract ModelConfig Model { get; init; }

    /// <summary>What, in words, depends on how many epochs there are in all; null for nothing.</summary>
    internal virtual string? WhatSpansAllEpochs => null;

    /// <summary>Every error of the configuration, empty when there is none.</summary>
    public abstract IEnumerable<string> Errors();

    /// <summary>The vocabs of training pairs.</summary>
    internal abstract PairVocab VocabOf(IReadOnlyList<TextPair> pairs);

    /// <summary>Name to shape of every weight.</summary>
    /// <exception cref="FormatException">No model can have these vocabs; says why.</exception>
    internal abstract IReadOnlyDictionary<string, long[]> Shapes(Vocab source, Vocab target);

    /// <summary>A model with fresh weights, drawn from torch's generator.</summary>
    /// <param name="source">Tokens of what is read.</param>
    /// <param name="target">Labels, or tokens of what is written.</param>
    /// <param name="threads">Threads of the kernels; 0: one a processor.</param>
    /// <param name="start">The file that its weights will come from; null for a new model.</param>
    internal abstract TrainedModel Build(Vocab source, Vocab target, int threads, PairCheckpoint? start);
}

/// <summary>What a <see cref="PairTrainer"/> trains: a model, and examples of different lengths.</summary>
public interface IPairTask
{
    /// <summary>The model.</summary>
    nn.Module Model { get; }

    /// <summary>How long each example is, in tokens: those of like length are put side by side.</summary>
    IReadOnlyList<int> Lengths { get; }

    /// <summary>The loss of some examples.</summary>
    /// <param name="examples">Which ones.</param>
    /// <param name="progress">The part of the training that is done, 0 to 1.</param>
    /// <param name="random">For what is random in this step.</param>
    /// <returns>Mean cross-entropy in nats, and over how many predictions it was taken.</returns>
    (Tensor Loss, long Predictions) Loss(ReadOnlySpan<int> examples, double progress, RandomStream random);

    /// <summary>The same with nothing random: the loss of what is only measured.</summary>
    /// <param name="examples">Which ones.</param>
    (Tensor Loss, long Predictions) Loss(ReadOnlySpan<int> examples);
}

/// <summary>The two vocabs of a model that learns from pairs.</summary>
/// <param name="source">Tokens of what is read.</param>
/// <param name="target">Labels, or tokens of what is written.</param>
internal abstract class PairVocab(Vocab source, Vocab target)
{
    /// <summary>Splits texts into what the vocabs hold.</summary>
    protected static CharTokenizer Characters { get; } = new();

    /// <summary>Tokens of what is read.</summary>
    public Vocab Source { get; } = source;

    /// <summary>Labels, or tokens of what is written.</summary>
    public Vocab Target { get; } = target;

    /// <summary>
    /// The characters of sources that the vocab has not, which the model reads as <see cref="Vocab.Unknown"/>; none where sources
    /// are labels.
    /// </summary>
    public virtual IReadOnlyList<TokenCount> UnknownInSources(IEnumerable<string> sources) => UnknownOf(sources, Source);

    /// <summary>The characters of targets that the model can never write; none where it gives labels.</summary>
    public virtual IReadOnlyList<TokenCount> UnknownInTargets(IEnumerable<string> targets) => [];

    /// <summary>What of a pair is a label as a whole; null when nothing is.</summary>
    internal abstract string? LabelIn(TextPair pair);

    /// <summary>Why a label that the vocab has not cannot be used.</summary>
    protected static string ErrorOfLabel(string label, IEnumerable<string> known) => label == Vocab.Unknown
        ? $"the label {Vocab.Unknown} is reserved: it stands for every label that training had not; give it another name"
        : $"the label '{label}' was not in training; known are {Truncated.Some(known)}";

    /// <summary>The characters of texts that a vocab has not, in order of first appearance.</summary>
    protected static IReadOnlyList<TokenCount> UnknownOf(IEnumerable<string> texts, Vocab vocab)
    {
        ArgumentNullException.ThrowIfNull(vocab);
        return [.. CountCharacters(texts).Where(count => vocab[count.Token] == Vocab.UnknownId)];
    }

    /// <summary>Counts one token a text: labels.</summary>
    protected static IReadOnlyList<TokenCount> CountWhole(IEnumerable<string> texts) =>
        [.. texts.CountBy(text => text).Select(entry => new TokenCount(entry.Key, entry.Value))];

    /// <summary>Counts the characters of texts.</summary>
    protected static IReadOnlyList<TokenCount> CountCharacters(IEnumerable<string> texts) => Characters.Count(string.Concat(texts));
}
