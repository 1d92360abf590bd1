using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Help;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Configuration;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm train</c>.</summary>
internal sealed class TrainCommand : TrainVerb<RunConfig, Checkpoint>
{
    private readonly CorpusOptions _corpus = new(instead: "Name a text here instead, to train with the book's settings");
    private readonly TextOptions _text = new();
    private readonly ModelOptions _model = new();
    private readonly TrainerOptions _trainer = new();
    private readonly Option<string?> _preset = OptionOf.Text(
        "--preset", "NAME|list",
            "Start from a named configuration, which options override; list shows them all. [default: own-text for texts of your own, else "
            + "the book's]")
            .In(HelpGroup.Text);
    private readonly Option<string?> _prefix = OptionOf.Text(
        "--prefix", "TEXT", "The text that samples continue. [default: the beginning of a line of your text; time traveller]");
    private readonly Option<double?> _minutes = OptionOf.Number(
        "--minutes", "M", "Train for about M minutes: measure the speed first, then take as many steps as fit, at most --epochs passes. "
            + "[default: 3 for texts of your own, else no limit]").In(HelpGroup.Training);
    private readonly Option<double?> _sampleTemperature = OptionOf.Number(
        "--sample-temperature", "T",
            "The temperature of samples; 0 always takes the most likely token. [default: 0.8 for texts of your own, "
            + "else 0]");
    private readonly Option<bool?> _extendVocab = OptionOf.Switch(
        "--extend-vocab", "With --checkpoint: add the tokens of the text that the model's vocab lacks. [default: false]")
            .In(HelpGroup.Rare);
    private readonly Option<int?> _length = OptionOf.Integer("--length", "N", "Tokens in a sample, after the prefix. [default: 50]");

    // The text, if its length determined the settings.
    private CorpusText? _read;

    public TrainCommand()
        : base("Train a language model on a text and save it. Defaults are the book's; a text of your own gets settings by its length, "
            + "which --print-config shows.", RunKind.LanguageModel,
            new ReportingOptions(LossStyle.Perplexity, defaultEvery: 10))
    {
        _preset.CompletionSources.Add([PresetList.Word, OwnText.Preset, .. RunConfigFile.Presets]);
        _corpus.AddTo(this);
        Add(_preset);
        _text.AddTo(this, splits: true);
        _model.AddTo(this);
        _trainer.AddTo(this);
        this.Add(HelpGroup.Output, _minutes, _prefix, _sampleTemperature, _length, _extendVocab);
        AddShared();
    }

    /// <inheritdoc/>
    public override string[] CommonOptions =>
    [
        "--preset", "--cleaning", "--cell", "--hidden", "--epochs", "--minutes", "--lr",
        "--resume", "--run-dir", "--out",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm train", "train on The Time Machine, as the book does"),
        ("charlm train mybook.txt", "train on a text of yours for three minutes and measure the result"),
        ("charlm train texts/ --preset tiny-shakespeare-lstm", "train a strong LSTM on a folder"),
    ];

    protected override Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken) =>
        parse.GetValue(_preset) == PresetList.Word ? Task.FromResult(PresetList.Print(parse)) : base.RunAsync(parse, cancellationToken);

    protected override async Task<RunConfig> UnderAsync(
        ParseResult parse, RunConfig under, Checkpoint? start, bool isResumed, CancellationToken cancellationToken)
    {
        if (start is not null)
        {
            under = under with
            {
                Text = start.Text with { Encoding = null },
                Model = start.Model,
                Training = start.Training,
                Prefix = start.Corpus.Prefix ?? under.Prefix,
                SampleTemperature = start.Corpus.Temperature ?? under.SampleTemperature,
            };
        }
        string? preset = parse.GetValue(_preset);
        bool isOwn = preset is null && start is null && !isResumed && !NamesConfig(parse) && _corpus.NamesOwnText(parse);
        if (isOwn || preset == OwnText.Preset)
        {
            TextConfig text = _text.Apply(parse, new TextConfig { Cleaning = Cleaning.None });
            _read = await ReadAsync(parse, _corpus.Apply(parse, under.Corpus, start?.Corpus), text, start, cancellationToken);
            under = OwnText.For(_read, text, cancellationToken) with { CheckpointPath = under.CheckpointPath };
        }
        else if (preset is not null)
        {
            under = Together(() => RunConfigFile.ReadPreset(preset, under));
        }
        return await base.UnderAsync(parse, under, start, isResumed, cancellationToken);
    }

    protected override RunConfig Apply(ParseResult parse, RunConfig under, Checkpoint? start)
    {
        // Minutes are converted to steps anew, and --epochs or --steps override a file's minutes.
        double? minutes = parse.GetValue(_minutes);
        if (minutes is not null)
            under = under with { Training = under.Training with { TotalSteps = 0, StepsPerEpoch = 0 } };
        TextConfig text = _text.Apply(parse, under.Text);
        ModelConfig model = _model.Apply(parse, under.Model, Runtime.OnCpu(parse));
        TrainerConfig training = _trainer.Apply(parse, under.Training);
        // A text of one's own, and the model to continue, choose it for the kernels; another implementation learns all tokens.
        if (!_trainer.NamesSampledSoftmax(parse) && model is not { Implementation: Implementation.Fused, Attention: null })
            training = training with { SampledSoftmax = 0 };
        // Samples of documents have no prefix by default.
        bool beginsEmpty = text.Documents != DocumentKind.None && under.Prefix == new RunConfig().Prefix;
        return under with
        {
            Corpus = _corpus.Apply(parse, under.Corpus, start?.Corpus),
            Text = text,
            Model = model,
            Training = training,
            Minutes = minutes ?? (_trainer.NamesLength(parse) ? null : under.Minutes),
            Prefix = parse.GetValue(_prefix) ?? (beginsEmpty ? "" : under.Prefix),
            SampleTemperature = parse.GetValue(_sampleTemperature) ?? under.SampleTemperature,
            ExtendVocab = parse.GetValue(_extendVocab) ?? under.ExtendVocab,
            SampleLength = parse.GetValue(_length) ?? under.SampleLength,
        };
    }

    protected override IEnumerable<string> Errors(ParseResult parse) => base.Errors(parse).Concat(_trainer.Errors(parse))
        .Concat(parse.GetValue(_minutes) is not null && _trainer.NamesSteps(parse)
            ? ["minutes and steps are two lengths of a run: give one of them"] : []);

    protected override IEnumerable<string> Errors(RunConfig config, Checkpoint? start, RunSession? resumed) =>
        resumed is null ? TrainingRun.Errors(config, start) : TrainingRun.Errors(config, resumed);

    protected override async Task<string?> TrainAsync(
        ParseResult parse, RunConfig config, Checkpoint? start, RunSession? session, Func<RunReporting> report,
            CancellationToken cancellationToken)
    {
        CorpusText corpus = _read ?? await ReadAsync(parse, config.Corpus, config.Text, start, cancellationToken);
        CorpusOptions.TellOfReturns(parse, corpus, config.Text, cancellationToken);
        CorpusOptions.TellOfLoss(parse, corpus, config.Text, cancellationToken);
        // Last, since torch takes half a second to load.
        int threads = Runtime.Threads(parse) is var given && given == 0 && Ranks is not null ? Ranks.Threads : given;
        var run = new TrainingRun(config, start, Runtime.Use(parse), threads, session) { Exchange = Ranks?.Exchange };
        RunResult result;
        using (RunReporting? reporting = Ranks is { Follows: true } ? null : report())
            result = run.Execute(corpus, reporting, cancellationToken);
        if (Ranks is { Follows: true })
            return result.Interrupted ? "" : null;
        PrintResult(parse, result, corpus.Origin);
        return result.Interrupted
            ? Interrupted(
                result, config,
                ResumeCommand.For(
                    // Interrupted after its last step, a run still has to be measured.
                    parse, result.RunDirectory, result.CheckpointPath, corpus.Origin,
                    result.Description.Plan is { } plan ? Math.Max(1, plan.TotalSteps - result.Steps) : null))
            : null;
    }

    private Task<CorpusText> ReadAsync(
        ParseResult parse, CorpusNames corpus, TextConfig text, Checkpoint? start, CancellationToken cancellationToken) =>
        Ranks is null ? CorpusOptions.ReadAsync(parse, corpus, text.ReadAs, start, cancellationToken)
            : Task.FromResult(Together(() => CorpusOptions.ReadAsync(parse, corpus, text.ReadAs, start, cancellationToken)
                .GetAwaiter().GetResult()));

    // An implementation named in the file must be able to compute the file's own model, as on a command line.
    protected override RunConfig Read(ParseResult parse, ConfigDocument file, RunConfig under)
    {
        RunConfig config = file.Over(under);
        if (file.ImplementationLine is { } line && config.Model.Variant != CellVariant.Standard && !_model.NamesImplementation(parse)
            && config.Model.Errors().FirstOrDefault() is { } error)
            throw new ConfigFileException(file.Path, line, error);
        return config;
    }

    private void PrintResult(ParseResult parse, RunResult result, CorpusOrigin corpus)
    {
        TextWriter output = parse.InvocationConfiguration.Output;
        if (parse.GetValue(Json))
        {
            var text = (RunData.Text)result.Description.Data;
            output.WriteLine(JsonOutput.Line(new
            {
                Corpus = corpus.Name,
                CorpusSha256 = corpus.Sha256,
                text.TrainTokens,
                text.HeldOutTokens,
                text.VocabSize,
                Parameters = result.Description.NumParameters,
                Epochs = result.EpochsDone,
                result.LastEpoch?.TrainLoss,
                result.LastEpoch?.HeldOutLoss,
                result.LastEpoch?.TrainPerplexity,
                result.LastEpoch?.HeldOutPerplexity,
                text.HeldOut,
                result.Unseen,
                result.Progress.BestHeldOutPerplexity,
                result.Progress.BestEpoch,
                result.BestCheckpointPath,
                Warning = result.Description.Model.LeakLabel,
                result.LastEpoch?.GradientNorm,
                result.LastEpoch?.TokensPerSecond,
                Seconds = result.LastEpoch?.ElapsedSeconds,
                Checkpoint = result.CheckpointPath,
                RunDir = result.RunDirectory,
                result.Sample,
                result.Interrupted,
            }));
        }
        else if (result.LastEpoch is { } epoch)
        {
            string heldOut = epoch.HeldOutPerplexity is { } unseen ? $", held-out perplexity {Figure.Perplexity(unseen)}" : "";
            string length = result.Description.Plan is null ? $"{result.EpochsDone} epoch{(result.EpochsDone == 1 ? "" : "s")}"
                : $"{Figure.Count(result.Steps)} steps";
            output.WriteLine($"perplexity {Figure.Perplexity(epoch.TrainPerplexity)}{heldOut}, {Figure.Count(epoch.TokensPerSecond)} "
                + $"tokens/s, {length}, {result.CheckpointPath}");
            if (result.Progress is { BestHeldOutPerplexity: { } perplexity, BestEpoch: { } best })
            {
                string after = result.Description.Plan is { } plan ? $"step {Figure.Count(plan.LastStepOf(best))}" : $"epoch {best}";
                output.WriteLine($"best held-out perplexity {Figure.Perplexity(perplexity)} after {after}, {result.BestCheckpointPath}");
            }
            if (result.Description.Model.LeakLabel is { } leak)
                output.WriteLine(leak);
            if (result.Sample is not null)
                output.WriteLine(result.Sample);
        }
    }
}
