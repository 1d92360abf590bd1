using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Corpora;
using CharLM.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm train</c>.</summary>
internal sealed class TrainCommand : Verb
{
    private readonly CorpusOptions _corpus = new();
    private readonly TextOptions _text = new();
    private readonly ModelOptions _model = new();
    private readonly TrainerOptions _trainer = new();
    private readonly RuntimeOptions _runtime = new();
    private readonly RunOptions _run = new();
    private readonly Option<string?> _preset = OptionOf.Text("--preset", "NAME", "Begin with a named configuration; options win over it.");
    private readonly Option<string?> _config = OptionOf.Text("--config", "FILE", "Begin with the configuration of a YAML file; options win over it.");
    private readonly Option<bool> _printConfig = new("--print-config") { Description = "Print the configuration that results, as YAML, and train nothing." };
    private readonly Option<string?> _prefix = OptionOf.Text("--prefix", "TEXT", "What samples continue. [default: time traveller]");
    private readonly Option<int?> _length = OptionOf.Integer("--length", "N", "Tokens of a sample, after the prefix. [default: 50]");
    private readonly Option<int?> _sampleEvery = OptionOf.Integer("--sample-every", "N", "Draw a sample after every N epochs; 0 only at the end. [default: 50]");
    private readonly Option<CheckpointInterval?> _checkpointEvery = OptionOf.Word<CheckpointInterval>("--checkpoint-every", "N", "Write the checkpoint after every N epochs, Nsteps or Nmin(utes); 0 only at the end. [default: 50]");
    private readonly Option<int?> _keepLast = OptionOf.Integer("--keep-last", "N", "Checkpoints that a run directory keeps to go on from. [default: 3]");
    private readonly Option<int?> _patience = OptionOf.Integer("--patience", "N", "End after N epochs without a better held-out perplexity; 0 goes to the last. [default: 0]");
    private readonly Option<int?> _reportEvery = OptionOf.Integer("--report-every", "N", "Report the first epoch, the last, and every N. [default: 10]");
    private readonly Option<string?> _logJson = OptionOf.Text("--log-json", "FILE", "Write every epoch and sample there as a JSON line; with --checkpoint, after what is there.");
    private readonly Option<string?> _tensorBoard = OptionOf.Text("--tensorboard", "FOLDER", "Write every epoch and sample there as an event file of TensorBoard, too.");
    private readonly Option<bool> _json = OptionOf.Json();

    public TrainCommand()
        : base("train", "Train a model on a text, report its perplexity, and save a checkpoint.")
    {
        _preset.CompletionSources.Add([.. RunConfigFile.Presets]);
        _corpus.AddTo(this);
        _text.AddTo(this, splits: true);
        _model.AddTo(this);
        _trainer.AddTo(this);
        _runtime.AddTo(this);
        _run.AddTo(this);
        foreach (Option option in new Option[] { _preset, _config, _printConfig, _prefix, _length, _sampleEvery, _checkpointEvery, _keepLast, _patience, _reportEvery, _logJson, _tensorBoard, _json })
            Add(option);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        InvalidConfigException.ThrowIfAny(_run.Faults(parse));
        Checkpoint? start = _run.Checkpoint(parse) is { } file ? CheckpointFile.Read(file) : null;
        using RunSession? resumed = _run.Resume(parse);
        RunConfig config = Configure(parse, resumed?.Config, start);
        int every = parse.GetValue(_reportEvery) ?? 10;
        IEnumerable<string> faults = resumed is null ? TrainingRun.Faults(config, start) : TrainingRun.Faults(config, resumed);
        InvalidConfigException.ThrowIfAny([.. faults, .. _runtime.Faults(parse), .. every < 1 ? [$"report-every must be 1 or more, not {every}"] : Array.Empty<string>()]);
        if (parse.GetValue(_printConfig))
        {
            parse.InvocationConfiguration.Output.Write(RunConfigFile.Write(config));
            return ExitCode.Done;
        }
        using RunSession? session = resumed ?? _run.Begin(parse, config);
        CorpusText corpus = await CorpusOptions.ReadAsync(parse, config.Corpus, cancellationToken);
        // Torch takes half a second to load: last.
        var run = new TrainingRun(config, start, _runtime.Use(parse), _runtime.Threads(parse), session);
        TextWriter error = parse.InvocationConfiguration.Error;
        using RunReporter reporter = RunReporter.Create(error, every);
        using JsonLog? log = parse.GetValue(_logJson) is { } path ? new JsonLog(path, append: start is not null || resumed is not null, reporter, error) : null;
        using TensorBoardLog? events = parse.GetValue(_tensorBoard) is { } folder ? new TensorBoardLog(folder, log ?? (IProgress<RunEvent>)reporter, error) : null;
        RunResult result = run.Execute(corpus, events ?? log ?? (IProgress<RunEvent>)reporter, cancellationToken);
        reporter.Dispose();
        PrintResult(parse, result, corpus.Origin);
        if (!result.Interrupted)
            return ExitCode.Done;
        ErrorLine.Write(error, $"interrupted after {result.EpochsDone} of {config.Training.NumEpochs} epochs and saved; go on with: {GoOnCommand.For(parse, corpus.Origin, result)}");
        return ExitCode.Resumable;
    }

    private RunConfig Configure(ParseResult parse, RunConfig? resumed, Checkpoint? start)
    {
        RunConfig under = resumed ?? new RunConfig();
        if (start is not null)
            under = under with { Text = start.Text, Model = start.Model, Training = start.Training };
        if (parse.GetValue(_preset) is { } preset)
            under = RunConfigFile.ReadPreset(preset, under);
        if (parse.GetValue(_config) is { } file)
            under = RunConfigFile.Read(file, under);
        return under with
        {
            Corpus = _corpus.Apply(parse, under.Corpus, start?.Corpus),
            Text = _text.Apply(parse, under.Text),
            Model = _model.Apply(parse, under.Model, _runtime.OnCpu(parse)),
            Training = _trainer.Apply(parse, under.Training),
            Prefix = parse.GetValue(_prefix) ?? under.Prefix,
            SampleLength = parse.GetValue(_length) ?? under.SampleLength,
            SampleEvery = parse.GetValue(_sampleEvery) ?? under.SampleEvery,
            CheckpointEvery = parse.GetValue(_checkpointEvery) ?? under.CheckpointEvery,
            KeepLast = parse.GetValue(_keepLast) ?? under.KeepLast,
            Patience = parse.GetValue(_patience) ?? under.Patience,
            CheckpointPath = _run.Out(parse, under.CheckpointPath),
        };
    }

    private void PrintResult(ParseResult parse, RunResult result, CorpusOrigin corpus)
    {
        TextWriter output = parse.InvocationConfiguration.Output;
        if (parse.GetValue(_json))
        {
            output.WriteLine(JsonOutput.Line(new
            {
                Corpus = corpus.Name,
                CorpusSha256 = corpus.Sha256,
                result.Description.TrainTokens,
                result.Description.HeldOutTokens,
                result.Description.VocabSize,
                Parameters = result.Description.NumParameters,
                Epochs = result.EpochsDone,
                TrainPerplexity = result.LastEpoch?.Train.Perplexity,
                HeldOutPerplexity = result.LastEpoch?.HeldOut?.Perplexity,
                HeldOut = result.Description.HeldOut,
                BestHeldOutPerplexity = result.Best?.Perplexity,
                BestEpoch = result.Best?.Epoch,
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
            string heldOut = epoch.HeldOut is { } nats ? $", held-out perplexity {Figure.Perplexity(nats.Perplexity)}" : "";
            output.WriteLine($"perplexity {Figure.Perplexity(epoch.Train.Perplexity)}{heldOut}, {Figure.Count(epoch.TokensPerSecond)} tokens/s, {result.EpochsDone} epoch{(result.EpochsDone == 1 ? "" : "s")}, {result.CheckpointPath}");
            if (result.Best is { } best)
                output.WriteLine($"best held-out perplexity {Figure.Perplexity(best.Perplexity)} after epoch {best.Epoch}, {result.BestCheckpointPath}");
            if (result.Description.Model.LeakLabel is { } leak)
                output.WriteLine(leak);
            if (result.Sample is not null)
                output.WriteLine(result.Sample);
        }
    }
}
