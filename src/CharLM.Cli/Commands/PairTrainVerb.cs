using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Help;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Models.Attention;
using CharLM.Pairs;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary>A verb that trains a model on pairs.</summary>
internal abstract class PairTrainVerb : TrainVerb<PairRunConfig, PairCheckpoint>
{
    private const string NoValidation = "none";

    private readonly TrainerOptions _trainer;
    private readonly PairTextOptions _texts = new();
    private readonly Option<Setting<AttentionKind>?> _encoderAttention = OptionOf.ChoiceOr<AttentionKind>(
        "none", "--encoder-attention", "Let each state of the encoder attend to all of its states. [default: none]");
    private readonly Option<string?> _data = OptionOf.Text(
        "--data", "FILE",
            "File of pairs to learn, or a corpus of pairs: UTF-8, one per line, source<TAB>target. [default: that of --config or "
            + "--resume]");
    private readonly Option<string?> _validation = OptionOf.Text(
        "--validation", "FILE|none",
            "File of pairs to measure after every epoch; none overrides that of a configuration. [default: none]");

    protected PairTrainVerb(string description, RunKind kind)
        : base(description, kind, new ReportingOptions(LossStyle.Nats, defaultEvery: 1))
    {
        var defaults = (PairRunConfig)kind.Defaults;
        Network = new ModelOptions(defaults.Model.Model, ofLanguageModel: false);
        _trainer = new TrainerOptions(defaults.Training, ofRunningText: false);
        this.Add(HelpGroup.Text, _data, _validation);
        _texts.AddTo(this);
        Network.AddTo(this);
        this.Add(HelpGroup.Model, _encoderAttention);
        _trainer.AddTo(this);
    }

    /// <summary>The options of the recurrent layers.</summary>
    protected ModelOptions Network { get; }

    protected override Task<PairRunConfig> UnderAsync(
        ParseResult parse, PairRunConfig under, PairCheckpoint? start, bool isResumed, CancellationToken cancellationToken) =>
        base.UnderAsync(
            parse, Preset(parse, start is null ? under : under with { Model = start.Config, Training = start.Training }), start, isResumed,
            cancellationToken);

    /// <summary>The preset that the user named, over a base; the base if none.</summary>
    protected virtual PairRunConfig Preset(ParseResult parse, PairRunConfig under) => under;

    protected override PairRunConfig Apply(ParseResult parse, PairRunConfig under, PairCheckpoint? start) => under with
    {
        Data = parse.GetValue(_data) ?? under.Data,
        Validation = parse.GetValue(_validation) is { } validation ? validation == NoValidation ? null : validation : under.Validation,
        Model = ApplyModel(parse, _texts.Apply(parse, under.Model)) is var model && parse.GetValue(_encoderAttention) is { } attention
            ? model with { EncoderAttention = attention.Value } : model,
        Training = _trainer.Apply(parse, under.Training),
    };

    /// <summary>The model's configuration with the given options over a base.</summary>
    protected abstract PairConfig ApplyModel(ParseResult parse, PairConfig under);

    protected override IEnumerable<string> Errors(PairRunConfig config, PairCheckpoint? start, RunSession? resumed) =>
        resumed is null ? PairRun.Errors(config, start) : PairRun.Errors(config, resumed);

    protected override async Task<string?> TrainAsync(
        ParseResult parse, PairRunConfig config, PairCheckpoint? start, RunSession? session, Func<RunReporting> report,
        CancellationToken cancellationToken)
    {
        PairFile data = await PairTextOptions.ReadAsync(parse, config.Data, cancellationToken);
        PairFile? heldOut = config.Validation is { } path ? await PairTextOptions.ReadAsync(parse, path, cancellationToken) : null;
        // Last, since torch takes half a second to load.
        var run = new PairRun(config, start, Runtime.Use(parse), Runtime.Threads(parse), session);
        RunResult result;
        using (RunReporting reporting = report())
            result = run.Execute(data, heldOut, reporting, cancellationToken);
        PrintResult(parse, result);
        return result.Interrupted
            ? Interrupted(result, config, ResumeCommand.For(parse, result.RunDirectory, result.CheckpointPath)) : null;
    }

    private void PrintResult(ParseResult parse, RunResult result)
    {
        TextWriter output = parse.InvocationConfiguration.Output;
        if (parse.GetValue(Json))
        {
            var pairs = (RunData.Pairs)result.Description.Data;
            output.WriteLine(JsonOutput.Line(new
            {
                Data = result.Description.Corpus,
                Pairs = pairs.TrainPairs,
                pairs.HeldOutPairs,
                Parameters = result.Description.NumParameters,
                Epochs = result.EpochsDone,
                Loss = result.LastEpoch?.TrainLoss,
                result.LastEpoch?.HeldOutLoss,
                result.LastEpoch?.HeldOut,
                BestHeldOut = result.Best?.Value,
                BestEpoch = result.Best?.Epoch,
                result.BestCheckpointPath,
                Seconds = result.LastEpoch?.ElapsedSeconds,
                Checkpoint = result.CheckpointPath,
                RunDir = result.RunDirectory,
                result.Interrupted,
            }));
        }
        else if (result.LastEpoch is { } epoch)
        {
            string heldOut = epoch.HeldOut is null && epoch.HeldOutLoss is { } nats ? $", held-out loss {nats:0.0000}"
                : RunLines.Describe(epoch.HeldOut, ", held-out ");
            output.WriteLine($"loss {epoch.TrainLoss:0.0000} nats{heldOut}, {result.EpochsDone} "
                + $"epoch{(result.EpochsDone == 1 ? "" : "s")}, {result.CheckpointPath}");
            if (result.Best is { } best)
                output.WriteLine($"best held-out {best.Figure} {best.Value:0.0000} after epoch {best.Epoch}, {result.BestCheckpointPath}");
        }
    }
}
