using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Tokenization;
using CharLM.Training;
using static TorchSharp.torch;

namespace CharLM.Runs;

/// <summary>Measures saved models on a text: which part of it, and read how.</summary>
public sealed record EvaluationRun
{
    private const int RowsOfRecurrent = 32;

    /// <summary>Which part of the text; default null: what training held out, and all of a text that it did not read.</summary>
    public TextSplit? Split { get; init; }

    /// <summary>Read only so many tokens of that part; default 0: all.</summary>
    public int MaxTokens { get; init; }

    /// <summary>Rows that are read side by side; default null: 32, or 1 where nothing is gained by more.</summary>
    public int? Rows { get; init; }

    /// <summary>How the model goes on learning while it reads; default null: not at all. The text is then read in 1 row.</summary>
    public DynamicEvaluationConfig? Dynamic { get; init; }

    /// <summary>How the text is read otherwise, and how the bootstrap draws.</summary>
    public EvaluationConfig Config { get; init; } = new();

    /// <summary>Every fault of the request, empty when there is none.</summary>
    public IEnumerable<string> Faults()
    {
        if (MaxTokens < 0)
            yield return $"max-tokens must be 0 (all) or more, not {MaxTokens}";
        foreach (string fault in (Config with { Rows = Rows ?? Config.Rows }).Faults())
            yield return fault;
        foreach (string fault in Dynamic?.Faults() ?? [])
            yield return fault;
        if (Dynamic is not null && Rows > 1)
            yield return $"rows must be 1 for dynamic evaluation, which reads a text from beginning to end, not {Rows}";
    }

    /// <summary>The part of a text that all of some models are measured on, as each of them reads it.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="models">One model, or several that read the same tokens.</param>
    /// <exception cref="InvalidConfigException">They read other tokens, nothing is held out, or the text has no token of a vocab.</exception>
    public IReadOnlyList<EvaluationText> Texts(CorpusText corpus, params IReadOnlyList<ISavedModel> models)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(models);
        InvalidConfigException.ThrowIfAny([.. Faults(), .. models.Skip(1).SelectMany(model => Mismatch(models[0], model))]);
        bool trainedOn = models.Any(model => model.Corpus.Sha256 == corpus.Origin.Sha256);
        TextSplit split = Split ?? TextSplit.All;
        TextRange Choose(int tokens)
        {
            TextRange unseen = models.Select(model => UnseenText.Of(model, tokens)).Aggregate((left, right) => left.Intersect(right));
            if (Split is null && trainedOn && unseen.Count > 1)
                split = TextSplit.HeldOut;
            if (split == TextSplit.HeldOut && unseen.Count < 2)
                throw new InvalidConfigException(["nothing of the text is held out from training: take --split all, or another text"]);
            TextRange range = split == TextSplit.HeldOut ? unseen : new TextRange(0, tokens);
            return MaxTokens > 0 ? range with { End = Math.Min(range.End, range.Begin + MaxTokens) } : range;
        }

        var texts = new List<EvaluationText>();
        foreach (ISavedModel model in models)
        {
            EvaluationText text = EvaluationText.From(corpus.Text, model.Text, model.Vocab, Choose);
            if (text.Unknown == text.Tokens.Length - 1)
                throw new InvalidConfigException([$"vocab mismatch: none of the text's {text.Unknown} tokens is in the model's vocab of {model.Vocab.Count}"]);
            texts.Add(text with { Name = $"{corpus.Origin.Name} ({Label(split, trainedOn)})" });
        }
        return texts;
    }

    /// <summary>Measures a model.</summary>
    /// <param name="saved">The model.</param>
    /// <param name="text">The text as it reads it.</param>
    /// <param name="name">What the model is called in the report.</param>
    /// <param name="device">Where to compute; default the CPU.</param>
    /// <param name="threads">Threads of one operation; default 0: chosen.</param>
    /// <param name="cancellationToken">Looked at before each call.</param>
    public EvaluationResult Execute(
        ISavedModel saved, EvaluationText text, string name, Device? device = null, int threads = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(saved);
        if (Dynamic is not null)
            return ExecuteDynamic(saved, text, name, Dynamic, device, cancellationToken);
        using ILanguageModel model = saved.Open(device, threads);
        return Evaluator.Evaluate(model, text, name, Config with { Rows = Rows ?? (model is NGramModel ? 1 : RowsOfRecurrent) }, cancellationToken);
    }

    private EvaluationResult ExecuteDynamic(
        ISavedModel saved, EvaluationText text, string name, DynamicEvaluationConfig dynamic, Device? device, CancellationToken cancellationToken)
    {
        if (saved is not Checkpoint checkpoint)
            throw new InvalidConfigException([$"dynamic evaluation learns by gradients, which {name} has not: it counts n-grams"]);
        // torch.nn where it can compute the model, else its equations: both have gradients of every weight.
        bool builtIn = !(checkpoint.Model with { Implementation = Implementation.BuiltIn }).Faults().Any();
        using LanguageModel model = checkpoint.BuildModel(builtIn ? Implementation.BuiltIn : Implementation.Custom, device);
        using var learning = new DynamicModel(model, dynamic);
        EvaluationResult result = Evaluator.Evaluate(learning, text, name, Config with { Rows = 1, NumSteps = dynamic.SegmentLength }, cancellationToken);
        return result with { Report = result.Report with { Reading = $"{result.Report.Reading}; {dynamic.Describe()}" } };
    }

    private static string Label(TextSplit split, bool trainedOn) => (split, trainedOn) switch
    {
        (_, false) => "not the text of the training",
        (TextSplit.HeldOut, _) => "held out from training",
        _ => "the text of the training",
    };

    private static IEnumerable<string> Mismatch(ISavedModel first, ISavedModel second)
    {
        if ((first.Text.Token, first.Text.Cleaning) != (second.Text.Token, second.Text.Cleaning))
            yield return $"vocab mismatch: the models do not predict the same tokens: {Tokens(first.Text)} and {Tokens(second.Text)}; compare their bits per byte one by one";
    }

    private static string Tokens(TextConfig text) => $"{Choices.NameOf(text.Token)} tokens of a text cleaned as '{Choices.NameOf(text.Cleaning)}'";
}
