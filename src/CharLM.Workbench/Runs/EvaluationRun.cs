using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Models.Fused.Quantized;
using CharLM.Models.NGram;
using CharLM.Tokenization;
using static TorchSharp.torch;

namespace CharLM.Workbench.Runs;

/// <summary>An evaluation of saved models on a text: the part of the text and how to read it.</summary>
public sealed record EvaluationRun
{
    private const int RowsOfRecurrent = 32;

    /// <summary>
    /// The part of the text; default null: the test part, else what training held out or did not read, and all of another text.
    /// </summary>
    public TextSplit? Split { get; init; }

    /// <summary>The maximum number of tokens to read of that part; default 0: all.</summary>
    public int MaxTokens { get; init; }

    /// <summary>The number of rows read side by side; default null: 32, or 1 for n-grams and dynamic evaluation.</summary>
    public int? Rows { get; init; }

    /// <summary>Dynamic evaluation, which reads the text in 1 row; default null: none.</summary>
    public DynamicEvaluationConfig? Dynamic { get; init; }

    /// <summary>A second model to mix with; default null: none.</summary>
    public MixtureConfig? Mix { get; init; }

    /// <summary>Other settings of the reading, and the bootstrap's.</summary>
    public EvaluationConfig Config { get; init; } = new();

    /// <summary>How many bits each weight has; default all.</summary>
    internal WeightBits Bits { get; init; }

    /// <summary>All errors; empty if there are none.</summary>
    public IEnumerable<string> Errors()
    {
        if (MaxTokens < 0)
            yield return $"max-tokens must be 0 (all) or more, not {MaxTokens}";
        foreach (string error in (Config with { Rows = Rows ?? Config.Rows }).Errors())
            yield return error;
        foreach (string error in (Dynamic?.Errors() ?? []).Concat(Mix?.Errors() ?? []))
            yield return error;
        if (Dynamic is not null && Mix is not null)
            yield return "dynamic evaluation and mix are two ways to measure: choose one";
        if (Dynamic is not null && Rows > 1)
            yield return $"rows must be 1 for dynamic evaluation, which reads a text from beginning to end, not {Rows}";
        if (Dynamic is not null && Bits != WeightBits.Full)
            yield return $"weights must be full for dynamic evaluation, which changes them, not {Choices.NameOf(Bits)}";
    }

    /// <summary>Selects the part of a text that each model is measured on, tokenized for each.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="models">One or more models; those that read the same tokens share a part, each of the others has its own.</param>
    /// <param name="cancellationToken">Looked at now and then.</param>
    /// <exception cref="InvalidConfigException">Nothing is held out, or the text has no token of a vocab.</exception>
    public IReadOnlyList<EvaluationText> Texts(
        CorpusText corpus, IReadOnlyList<ISavedModel> models, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(models);
        InvalidConfigException.ThrowIfAny(Errors());
        return [.. models.Select(model => TextOf(
            corpus, model, [.. models.Where(other => ReadTheSame(model, other))], cancellationToken))];
    }

    /// <summary>Whether two models read the same tokens of a text, so that they can be compared token by token.</summary>
    public static bool ReadTheSame(ISavedModel first, ISavedModel second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return (first.Text.Token, first.Text.Cleaning, first.Text.Documents) ==
            (second.Text.Token, second.Text.Cleaning, second.Text.Documents);
    }

    private EvaluationText TextOf(
        CorpusText corpus, ISavedModel model, IReadOnlyList<ISavedModel> same, CancellationToken cancellationToken)
    {
        bool trainedOn = same.Any(other => other.Corpus.Sha256 == corpus.Origin.Sha256);
        TextSplit split = Split ?? TextSplit.All;
        int window = 0;
        EvaluationText text = EvaluationText.From(corpus, model.Text, model.Vocab, tokens =>
        {
            TextParts[] parts = [.. same.Select(other => other.PartsOf(tokens))];
            TextRange test = Common(part => part.Test);
            if (Split is null && trainedOn && Common(part => part.Unseen).Count > 1)
                split = test.Count > 1 ? TextSplit.Test : TextSplit.HeldOut;
            TextRange unseen = split == TextSplit.Test ? test
                : Common(part => part.Test.Count > 0 && part.HeldOut.Count > 0 ? part.HeldOut : part.Unseen);
            if (split != TextSplit.All && unseen.Count < 2)
            {
                throw new InvalidConfigException(
                    [$"nothing of the text is {(split == TextSplit.Test ? "kept for a test" : "held out from training")}: measure all of "
                        + "it with split all, or use another text"]);
            }
            // Windows held out from training are measured as windows, unless another reading is requested.
            if (split == TextSplit.HeldOut && Rows is null && MaxTokens == 0 && Dynamic is null && Config.ResetEvery == 0
                && parts.Select(part => (part.HeldOut, part.WindowLength)).Distinct().ToArray() is [(var heldOut, > 0 and var length)]
                && heldOut.Count > 0 && heldOut.End <= tokens)
                (window, unseen) = (length, heldOut);
            TextRange range = split == TextSplit.All ? new TextRange(0, tokens) : unseen;
            return MaxTokens > 0 ? range with { End = Math.Min(range.End, range.Begin + MaxTokens) } : range;

            TextRange Common(Func<TextParts, TextRange> range) => parts.Select(range).Aggregate((left, right) => left.Intersect(right));
        }, cancellationToken);
        if (text.Unknown == text.Tokens.Length - 1)
            throw new InvalidConfigException(
                [$"vocab mismatch: none of the text's {text.Unknown} tokens is in the model's vocab of {model.Vocab.Count}"]);
        string label = (split, trainedOn) switch
        {
            (_, false) => "",
            (TextSplit.Test, _) => " (test part)",
            (TextSplit.HeldOut, _) => " (held out from training)",
            _ => " (the training text)",
        };
        return text with { Name = corpus.Origin.Name + label, WindowLength = window };
    }

    /// <summary>Measures a model.</summary>
    /// <param name="saved">The model.</param>
    /// <param name="corpus">The text, of which mixing and dynamic evaluation with RMS also read the parts for training and
    /// validation.</param>
    /// <param name="text">The part to measure, tokenized for the model.</param>
    /// <param name="name">The model's name in the report.</param>
    /// <param name="device">The device; default the CPU, without torch if the kernels compute the model.</param>
    /// <param name="threads">Number of threads; default 0: chosen automatically.</param>
    /// <param name="cancellationToken">Checked before each call.</param>
    /// <exception cref="InvalidConfigException">Another part of the text is needed than there is.</exception>
    public EvaluationResult Execute(
        ISavedModel saved, CorpusText corpus, EvaluationText text, string name, Device? device = null, int threads = 0,
            CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(saved);
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(text);
        // Tokenizing the whole text takes time: only what needs its parts does it, and once.
        var parts = new Lazy<TextForModel>(() => TextForModel.Of(corpus, saved, text.Range, cancellationToken));
        if (Dynamic is null)
        {
            if (Bits != WeightBits.Full && device is { type: not TorchSharp.DeviceType.CPU })
                throw new InvalidConfigException([$"weights of {Choices.NameOf(Bits)} are for the CPU, not for {device}"]);
            bool needsTorch = device is not null && Bits == WeightBits.Full;
            using ILanguageModel model = (needsTorch ? null : saved.OpenWithoutTorch(threads, Bits)) ?? saved.Open(device, threads);
            int rows = Rows ?? (model is NGramModel ? 1 : RowsOfRecurrent);
            return Measure(model, Config with { Rows = rows, WindowLength = text.WindowLength },
                Bits == WeightBits.Full ? "" : $"; weights of {Choices.NameOf(Bits)}");
        }
        if (saved is not Checkpoint checkpoint)
            throw new InvalidConfigException([$"dynamic evaluation learns by gradients, but {name} is an n-gram model"]);
        // torch.nn if it can compute the model, else the custom cells: both have gradients of every weight.
        bool builtIn = !(checkpoint.Model with { Implementation = Implementation.BuiltIn }).Errors().Any();
        using LanguageModel trained = checkpoint.BuildModel(builtIn ? Implementation.BuiltIn : Implementation.Custom, device);
        using GradientSizes? usual = Dynamic.Rms
            ? GradientSizes.Of(trained, parts.Value.Train, Dynamic.SegmentLength, cancellationToken) : null;
        using var learning = new DynamicModel(trained, Dynamic, usual);
        return Measure(learning, Config with { Rows = 1, NumSteps = Dynamic.SegmentLength }, $"; {Dynamic.Describe()}");

        EvaluationResult Measure(ILanguageModel model, EvaluationConfig config, string reading)
        {
            using Mixture? mixture = Mix is null ? null : Mixture.Of(Mix, model, config, saved, parts, threads, cancellationToken);
            EvaluationResult result = Evaluator.Evaluate(mixture?.Model ?? model, text, name, config, cancellationToken);
            return result with
            {
                Report = result.Report with
                {
                    Reading = $"{result.Report.Reading}{reading}{mixture?.Describe()}",
                    PassagesTrainedOn = saved.TrainedText?.ShareOf(text.Tokens, saved.Vocab),
                },
            };
        }
    }
}

/// <summary>The part of a text to measure.</summary>
public enum TextSplit
{
    /// <summary>What training held out for validation, or did not read.</summary>
    HeldOut,

    /// <summary>What training used neither for learning nor for validation.</summary>
    Test,

    /// <summary>The whole text.</summary>
    All,
}
