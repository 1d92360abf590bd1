using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Help;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models.Fused.Quantized;
using CharLM.Tokenization;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm eval</c>.</summary>
internal sealed class EvalCommand : Verb
{
    private static readonly DynamicEvaluationConfig UnderDynamic = new(), UnderRms = new() { Rms = true };
    private static readonly MixtureConfig UnderMix = new();

    private readonly Argument<string[]> _files = new("model")
    {
        HelpName = "model",
        Arity = new ArgumentArity(0, 2),
        Description = "One model, or two to compare. [default: as --checkpoint]",
    };
    private readonly SavedModelOptions _model = new();
    private readonly CorpusOptions _corpus = new(byPosition: false, ofModel: "The text");
    private readonly Option<string?> _encoding = TextOptions.Encoding();
    private readonly Option<TextSplit?> _split = OptionOf.Choice<TextSplit>(
        "--split", "The part to measure: held out from training to choose the best weights (held-out), held out for the end (test), or "
            + "everything (all). [default: test if the model has one, else held-out; all of another text]");
    private readonly Option<int?> _maxTokens = OptionOf.Integer(
        "--max-tokens", "N", "Measure only the first N tokens of that part; 0 measures all. [default: 0]");
    private readonly Option<int?> _rows = OptionOf.Integer(
        "--rows", "N", "Read the text in N rows side by side, which is fast; 1 gives every token its full context. "
            + "[default: 32; 1 for n-grams]");
    private readonly Option<int?> _resetEvery = OptionOf.Integer(
        "--reset-every", "N", "Reset the hidden state to zero every N tokens; 0 never resets it. [default: 0]");
    private readonly Option<int?> _bootstrap = OptionOf.Integer(
        "--bootstrap", "N", "Bootstrap resamples for the confidence intervals. [default: 1000]");
    private readonly Option<long?> _seed = OptionOf.Long("--seed", "N", "Seed of the bootstrap. [default: 0]");
    private readonly Option<bool> _dynamic = new("--dynamic")
    {
        Description = "Dynamic evaluation: keep training on the text while measuring; each piece is measured before the model learns "
            + "from it.",
    };
    private readonly Option<bool> _dynamicRms = new("--dynamic-rms")
    {
        Description = "Dynamic evaluation that divides each gradient by its usual size, which it measures on the model's training text.",
    };
    private readonly Option<double?> _dynamicRate = OptionOf.Number(
        "--dynamic-lr", "X", $"With --dynamic: learning rate. [default: {UnderDynamic.Rate}, with --dynamic-rms {UnderRms.Rate}]");
    private readonly Option<double?> _dynamicDecay = OptionOf.Number(
        "--dynamic-decay", "X",
            $"With --dynamic: fraction of the weights' change that each step undoes. [default: {UnderDynamic.Decay}]");
    private readonly Option<int?> _dynamicSteps = OptionOf.Integer(
        "--dynamic-steps", "N",
            $"With --dynamic: tokens measured before the model learns from them. [default: {UnderDynamic.SegmentLength}]");
    private readonly Option<string?> _mix = OptionOf.Text(
        "--mix", "ngram|MODEL", "Mix the model's probabilities with those of n-grams counted on its training text, or of another model "
            + "with the same tokens; the shares are fitted on the validation part. [default: none]");
    private readonly Option<int?> _mixOrder = OptionOf.Integer(
        "--mix-order", "N", $"With --mix ngram: the length of the longest n-grams. [default: {UnderMix.Order}]");
    private readonly Option<double?> _mixWeight = OptionOf.Number(
        "--mix-weight", "W", "With --mix: the share of the model, 0 to 1. [default: the best on the validation part]");
    private readonly PageOption _html = new("eval.html", "with the text coloured by surprisal");
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<WeightBits?> _bits = RuntimeOptions.Bits();
    private readonly Option<bool> _json = OptionOf.Json();

    public EvalCommand()
        : base("eval", "Measure a model on a text: perplexity, bits per character, accuracy, with 95 % confidence intervals; or compare "
            + "two models.")
    {
        Add(_files);
        _model.AddTo(this);
        _corpus.AddTo(this);
        this.Add(HelpGroup.Text, _encoding);
        this.Add(HelpGroup.Options, _split, _maxTokens, _dynamic, _mix, _html.Option);
        this.Add(HelpGroup.Rare, _rows, _resetEvery, _bootstrap, _seed, _dynamicRms, _dynamicRate, _dynamicDecay, _dynamicSteps,
            _mixOrder, _mixWeight);
        _runtime.AddTo(this);
        this.Add(HelpGroup.Machine, _bits);
        Add(_json);
    }

    /// <inheritdoc/>
    public override string[] CommonOptions =>
        ["--checkpoint", "--corpus", "--split", "--max-tokens", "--dynamic", "--mix", "--html", "--device", "--json"];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm eval", "measure the model that was trained last on text it was not trained on"),
        ("charlm eval runs/a runs/b", "compare two models on the same text"),
        ("charlm eval --mix ngram", "with n-grams of the training text mixed in"),
        ("charlm eval --corpus other.txt", "measure on another text"),
        ("charlm eval --html", "a page that shows where the model is sure"),
    ];

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        EvaluationRun run = Configure(parse);
        string[] paths = Paths(parse);
        InvalidConfigException.ThrowIfAny([.. run.Errors(), .. _runtime.Errors(parse)]);
        ISavedModel[] models = [.. paths.Select(ModelFile.Read)];
        string? page = _html.FileOf(parse);
        if (models.Select(model => model.Text.Token == TokenKind.Byte).Distinct().Count() > 1)
            throw new InvalidConfigException(
                ["a byte model reads a file unchanged, other models read its text: measure them separately"]);
        CorpusText corpus = await _corpus.ReadAsync(parse, parse.GetValue(_encoding), models[0], cancellationToken);
        IReadOnlyList<EvaluationText> texts = run.Texts(corpus, models, cancellationToken);
        for (int i = 0; i < models.Length; i++)
            Warn(parse, paths[i], texts[i]);
        EvaluationResult[] results = [.. models.Select(
            (model, i) => Measure(parse, run, model, corpus, texts[i], paths[i], cancellationToken))];
        PairedComparison? comparison = results.Length == 2 && EvaluationRun.ReadTheSame(models[0], models[1])
            ? PairedComparison.Of(results[0].Surprisals, results[1].Surprisals, run.Config with { WindowLength = texts[0].WindowLength })
            : null;
        if (page is not null)
            PageOption.Write(page, PageOf(models, texts, results, comparison), parse.InvocationConfiguration.Error);
        Print(parse, models, results, comparison, page);
        return ExitCode.Done;
    }

    // Torch is loaded only if it is needed.
    private EvaluationResult Measure(ParseResult parse, EvaluationRun run, ISavedModel model, CorpusText corpus, EvaluationText text,
        string path, CancellationToken cancellationToken)
    {
        bool needsTorch = run.Dynamic is not null || !_runtime.OnCpu(parse) || !model.OpensWithoutTorch;
        return run.Execute(model, corpus, text, path, needsTorch ? _runtime.Use(parse) : null, _runtime.Threads(parse), cancellationToken);
    }

    private EvaluationRun Configure(ParseResult parse)
    {
        var under = new EvaluationConfig();
        return new EvaluationRun
        {
            Split = parse.GetValue(_split),
            MaxTokens = parse.GetValue(_maxTokens) ?? 0,
            Rows = parse.GetValue(_rows),
            Bits = parse.GetValue(_bits) ?? WeightBits.Full,
            Dynamic = IsDynamic(parse)
                ? UnderDynamic with
                {
                    Rms = parse.GetValue(_dynamicRms),
                    LearningRate = parse.GetValue(_dynamicRate),
                    Decay = parse.GetValue(_dynamicDecay) ?? UnderDynamic.Decay,
                    SegmentLength = parse.GetValue(_dynamicSteps) ?? UnderDynamic.SegmentLength,
                }
                : null,
            Mix = MixtureOf(parse),
            Config = under with
            {
                ResetEvery = parse.GetValue(_resetEvery) ?? under.ResetEvery,
                BootstrapSamples = parse.GetValue(_bootstrap) ?? under.BootstrapSamples,
                Seed = parse.GetValue(_seed) ?? under.Seed,
            },
        };
    }

    // The options of dynamic evaluation imply --dynamic.
    private bool IsDynamic(ParseResult parse) =>
        parse.GetValue(_dynamic) || parse.GetValue(_dynamicRms) || parse.GetValue(_dynamicRate) is not null
            || parse.GetValue(_dynamicDecay) is not null
            || parse.GetValue(_dynamicSteps) is not null;

    // The options of mixing imply --mix ngram.
    private MixtureConfig? MixtureOf(ParseResult parse)
    {
        (string? with, int? order, double? weight) = (parse.GetValue(_mix), parse.GetValue(_mixOrder), parse.GetValue(_mixWeight));
        if (with is not (null or MixtureConfig.NGram) && order is not null)
            throw new InvalidConfigException(["mix-order belongs to --mix ngram"]);
        return with is null && order is null && weight is null ? null : UnderMix with
        {
            With = with is null or MixtureConfig.NGram ? MixtureConfig.NGram : SavedModelOptions.FileOf(with),
            Order = order ?? UnderMix.Order,
            Weight = weight,
        };
    }

    private string[] Paths(ParseResult parse)
    {
        string[] files = parse.GetValue(_files) ?? [];
        if (files.Length > 0 && _model.Named(parse) is not null)
            throw new InvalidConfigException(["name the models in one place: after eval, or with --checkpoint"]);
        return files.Length > 0 ? [.. files.Select(SavedModelOptions.FileOf)] : [_model.Path(parse)];
    }

    private static void Warn(ParseResult parse, string path, EvaluationText text)
    {
        if (text.Unknown > 0)
        {
            ErrorLine.Write(
                parse.InvocationConfiguration.Error,
                $"warning: {path} reads {Figure.Count(text.Unknown)} of {Figure.Count(text.Tokens.Length - 1)} tokens as {Vocab.Unknown}, "
                    + "so its figures are too good");
        }
    }

    private static Report PageOf(
        ISavedModel[] models, IReadOnlyList<EvaluationText> texts, EvaluationResult[] results, PairedComparison? comparison) =>
        EvaluationPage.Of(
            [.. models.Select((model, i) => new EvaluatedModel(model, results[i], texts[i].WindowLength))], comparison,
            [
                .. models.Select(LeakOf).OfType<string>().Distinct(),
                .. results.Length < 2 || comparison is not null ? Array.Empty<string>()
                    : [$"Compared {EvaluationLines.WhyNotCompared(models[0], results[0].Report, models[1], results[1].Report)}."],
            ]);

    private static string? LeakOf(ISavedModel model) => (model as Checkpoint)?.Model.LeakLabel;

    private void Print(
        ParseResult parse, ISavedModel[] models, EvaluationResult[] results, PairedComparison? comparison, string? page)
    {
        TextWriter output = parse.InvocationConfiguration.Output;
        string?[] leaks = [.. models.Select(LeakOf)];
        if (parse.GetValue(_json))
        {
            object[] reports = [.. results.Select((result, i) =>
                EvaluationLines.Json(result.Report, leaks[i], results.Length == 1 ? page : null))];
            output.WriteLine(reports.Length == 1
                ? JsonOutput.Line(reports[0])
                : JsonOutput.Line(new
                {
                    Page = page,
                    First = reports[0],
                    Second = reports[1],
                    Comparison = comparison is null ? null : EvaluationLines.Json(comparison),
                    NotCompared = comparison is null
                        ? EvaluationLines.WhyNotCompared(models[0], results[0].Report, models[1], results[1].Report)
                        : null,
                }));
            return;
        }
        for (int i = 0; i < results.Length; i++)
        {
            foreach (string line in EvaluationLines.Describe(results[i].Report))
                output.WriteLine(line);
            if (leaks[i] is { } leak)
                output.WriteLine($"warning      {leak}");
            if (results.Length == 2)
                output.WriteLine();
        }
        if (results.Length == 2 && comparison is null)
            output.WriteLine($"compared     {EvaluationLines.WhyNotCompared(models[0], results[0].Report, models[1], results[1].Report)}");
        foreach (string line in comparison is null ? []
            : EvaluationLines.Describe(comparison, results[0].Report.Model, results[1].Report.Model))
            output.WriteLine(line);
        if (page is not null)
            output.WriteLine(PageOption.Describe(page));
    }
}
