using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Tokenization;

namespace CharLM.Workbench.Runs;

/// <summary>A second model to mix with a measured one.</summary>
public sealed record MixtureConfig
{
    /// <summary>The name of n-grams that are counted on the measured model's own training text.</summary>
    public const string NGram = "ngram";

    /// <summary>The second model: <see cref="NGram"/>, or the file of a model with the same tokens; default n-grams.</summary>
    public string With { get; init; } = NGram;

    /// <summary>The order of counted n-grams, 1 to 10; default 7.</summary>
    public int Order { get; init; } = Baselines.DefaultOrder;

    /// <summary>The share of the measured model, in [0, 1]; default null: what fits the validation part of the text best.</summary>
    public double? Weight { get; init; }

    /// <summary>All errors; empty if there are none.</summary>
    public IEnumerable<string> Errors()
    {
        foreach (string error in NGramModel.Errors(Order))
            yield return $"mix-{error}";
        if (Weight is not (null or >= 0 and <= 1))
            yield return $"mix-weight must be 0 to 1, not {Weight}";
    }
}

/// <summary>A model mixed with a second one, and the share of each.</summary>
internal sealed class Mixture : IDisposable
{
    private readonly ILanguageModel _second;
    private readonly string _name, _source;
    private readonly double _weight;

    private Mixture(ILanguageModel first, ILanguageModel second, double weight, string name, string source)
    {
        (_second, _weight, _name, _source) = (second, weight, name, source);
        Model = new MixedModel(first, second, weight);
    }

    /// <summary>The mixture.</summary>
    public ILanguageModel Model { get; }

    /// <summary>Opens or counts the second model, and fits the shares.</summary>
    /// <param name="config">What to mix with.</param>
    /// <param name="model">The measured model, owned by the caller.</param>
    /// <param name="reading">How texts are read.</param>
    /// <param name="saved">The measured model's file.</param>
    /// <param name="parts">The parts of the model's own text, divided only if they are needed.</param>
    /// <param name="threads">Threads of a second model that is opened; 0: chosen automatically.</param>
    /// <param name="cancellationToken">Checked before each call.</param>
    /// <exception cref="InvalidConfigException">The second model has other tokens, or a part of the text is missing.</exception>
    public static Mixture Of(MixtureConfig config, ILanguageModel model, EvaluationConfig reading, ISavedModel saved,
        Lazy<TextForModel> parts, int threads, CancellationToken cancellationToken)
    {
        if (model.ReadsAhead)
            throw new InvalidConfigException(["a model that reads ahead predicts no text, so it cannot be mixed"]);
        ILanguageModel second = config.With == MixtureConfig.NGram
            ? NGramModel.Train(parts.Value.Train, config.Order, saved.Vocab.Count)
            : Open(config.With, saved, threads);
        string name = config.With == MixtureConfig.NGram ? Baselines.Describe(config.Order) : config.With;
        if (config.Weight is { } weight)
            return new Mixture(model, second, weight, name, "as given");
        TokenSource validation = parts.Value.Validation;
        reading = reading with { WindowLength = 0, EndId = saved.Text.EndIdIn(saved.Vocab) };
        TokenSurprisals first = Evaluator.Surprisals(model, validation, reading, cancellationToken),
            other = Evaluator.Surprisals(second, validation, reading, cancellationToken);
        return new Mixture(model, second, MixedModel.BestWeight(first.Nats.Span, other.Nats.Span), name,
            $"the best on {validation.Length} validation tokens");
    }

    /// <summary>A description for reports.</summary>
    public string Describe() => FormattableString.Invariant($"; mixed with {_name}, share of the model {_weight:0.000} ({_source})");

    /// <summary>Frees the second model.</summary>
    public void Dispose()
    {
        Model.Dispose();
        _second.Dispose();
    }

    private static ILanguageModel Open(string path, ISavedModel first, int threads)
    {
        ISavedModel second = ModelFile.Read(path);
        if (!first.Vocab.Tokens.SequenceEqual(second.Vocab.Tokens) || !EvaluationRun.ReadTheSame(first, second))
            throw new InvalidConfigException([$"{path} has other tokens or another cleaning, so the two models cannot be mixed"]);
        return second.Open(threads: threads);
    }
}

/// <summary>The parts of a model's own text beside the measured one, as token ids.</summary>
/// <param name="Train">What the model was trained on.</param>
/// <param name="HeldOut">What chose its best weights; empty if it is measured.</param>
internal sealed record TextForModel(TokenSource Train, TokenSource HeldOut)
{
    /// <summary>The validation part.</summary>
    /// <exception cref="InvalidConfigException">There is none beside the measured part.</exception>
    public TokenSource Validation => HeldOut.Length > 1 ? HeldOut : throw new InvalidConfigException(
        ["the share of each model is fitted on a validation part, and there is none beside the measured part: measure the test part of a "
            + "model that has both, or give the mix-weight"]);

    /// <summary>Divides a model's text as its training did.</summary>
    /// <exception cref="InvalidConfigException">It is another text than the model's.</exception>
    public static TextForModel Of(CorpusText corpus, ISavedModel saved, TextRange measured, CancellationToken cancellationToken)
    {
        if (corpus.Origin.Sha256 != saved.Corpus.Sha256)
            throw new InvalidConfigException(
                [$"{corpus.Origin.Name} is not the text that the model was trained on, whose training part is needed"]);
        EncodedText encoded = EncodedText.Of(corpus, saved.Text, cancellationToken);
        TokenSource ids = encoded.In(saved.Vocab);
        TextParts parts = saved.PartsOf(ids.Length);
        bool isMeasured = parts.HeldOut.Intersect(measured).Count > 0;
        return new TextForModel(Part(parts.Train), isMeasured ? TokenSource.Of(default) : Part(parts.HeldOut));

        TokenSource Part(TextRange range) => (saved.Text.Documents == DocumentKind.None ? range : encoded.Whole(range)).Of(ids);
    }
}
