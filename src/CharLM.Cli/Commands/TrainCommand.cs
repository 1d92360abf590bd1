using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Corpora;
using CharLM.Runs;
using static TorchSharp.torch;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm train</c>.</summary>
internal sealed class TrainCommand : Verb
{
    private readonly CorpusOptions _corpus = new();
    private readonly TextOptions _text = new();
    private readonly ModelOptions _model = new();
    private readonly TrainerOptions _trainer = new();
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<string?> _checkpoint = OptionOf.Text("--checkpoint", "FILE", "Go on from this checkpoint: its model, text options and finished epochs are taken over.");
    private readonly Option<string?> _out = OptionOf.Text("--out", "FILE", $"Where the checkpoint is written. [default: {RunConfig.DefaultCheckpointPath}]");
    private readonly Option<string?> _prefix = OptionOf.Text("--prefix", "TEXT", "What samples continue. [default: time traveller]");
    private readonly Option<int?> _length = OptionOf.Integer("--length", "N", "Tokens of a sample. [default: 50]");
    private readonly Option<int?> _sampleEvery = OptionOf.Integer("--sample-every", "N", "Draw a sample after every N epochs; 0 only at the end. [default: 50]");
    private readonly Option<int?> _checkpointEvery = OptionOf.Integer("--checkpoint-every", "N", "Write the checkpoint after every N epochs; 0 only at the end. [default: 50]");
    private readonly Option<int?> _reportEvery = OptionOf.Integer("--report-every", "N", "Report every N epochs. [default: 10]");
    private readonly Option<string?> _logJson = OptionOf.Text("--log-json", "FILE", "Write every epoch and sample as a JSON line.");
    private readonly Option<bool> _json = new("--json") { Description = "Print the result as one JSON object." };

    public TrainCommand()
        : base("train", "Train a model on a text, report its perplexity, and save a checkpoint.")
    {
        _corpus.AddTo(this);
        _text.AddTo(this, splits: true);
        _model.AddTo(this);
        _trainer.AddTo(this);
        _runtime.AddTo(this);
        foreach (Option option in new Option[] { _checkpoint, _out, _prefix, _length, _sampleEvery, _checkpointEvery, _reportEvery, _logJson, _json })
            Add(option);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        Checkpoint? start = parse.GetValue(_checkpoint) is { } file ? CheckpointFile.Read(file) : null;
        RunConfig config = Configure(parse, start);
        config.Validate();
        int every = parse.GetValue(_reportEvery) ?? 10;
        if (every < 1)
            throw new InvalidConfigException([$"report-every must be 1 or more, not {every}"]);
        OutputFile.Probe(config.CheckpointPath);
        Device device = _runtime.Use(parse);
        CorpusText corpus = await _corpus.ReadAsync(parse, cancellationToken);

        using RunReporter reporter = RunReporter.Create(parse.InvocationConfiguration.Error, every);
        using JsonLog? log = parse.GetValue(_logJson) is { } path ? new JsonLog(path, reporter) : null;
        var run = new TrainingRun(config, start, device);
        RunResult result = await Task.Run(() => run.Execute(corpus, log ?? (IProgress<RunEvent>)reporter, cancellationToken), CancellationToken.None);
        reporter.Dispose();
        PrintResult(parse, result, corpus);
        return result.Interrupted ? ExitCode.Interrupted : ExitCode.Done;
    }

    private RunConfig Configure(ParseResult parse, Checkpoint? start)
    {
        var under = new RunConfig();
        if (start is not null)
            under = under with { Text = start.Text, Model = start.Model, Training = start.Training };
        return under with
        {
            Text = _text.Apply(parse, under.Text),
            Model = _model.Apply(parse, under.Model),
            Training = _trainer.Apply(parse, under.Training),
            Prefix = parse.GetValue(_prefix) ?? under.Prefix,
            SampleLength = parse.GetValue(_length) ?? under.SampleLength,
            SampleEvery = parse.GetValue(_sampleEvery) ?? under.SampleEvery,
            CheckpointEvery = parse.GetValue(_checkpointEvery) ?? under.CheckpointEvery,
            CheckpointPath = parse.GetValue(_out) ?? under.CheckpointPath,
        };
    }

    private void PrintResult(ParseResult parse, RunResult result, CorpusText corpus)
    {
        TextWriter output = parse.InvocationConfiguration.Output;
        if (result.Interrupted)
        {
            ErrorLine.Write(parse.InvocationConfiguration.Error,
                $"interrupted after {result.EpochsDone} finished epochs and saved; go on with: charlm train --checkpoint {result.CheckpointPath}"
                + $" --corpus {corpus.Origin.Requested} --out {result.CheckpointPath}");
        }
        if (parse.GetValue(_json))
        {
            output.WriteLine(JsonOutput.Line(new
            {
                Corpus = corpus.Origin.Name,
                CorpusSha256 = corpus.Origin.Sha256,
                result.Description.TrainTokens,
                result.Description.HeldOutTokens,
                result.Description.VocabSize,
                Parameters = result.Description.NumParameters,
                Epochs = result.EpochsDone,
                TrainPerplexity = result.LastEpoch?.Train.Perplexity,
                HeldOutPerplexity = result.LastEpoch?.HeldOut?.Perplexity,
                result.LastEpoch?.GradientNorm,
                result.LastEpoch?.TokensPerSecond,
                Seconds = result.LastEpoch?.ElapsedSeconds,
                Checkpoint = result.CheckpointPath,
                result.Sample,
                result.Interrupted,
            }));
        }
        else if (result.LastEpoch is { } epoch)
        {
            string heldOut = epoch.HeldOut is { } nats ? $", held-out perplexity {Figure.Perplexity(nats.Perplexity)}" : "";
            output.WriteLine($"perplexity {Figure.Perplexity(epoch.Train.Perplexity)}{heldOut}, {Figure.Count(epoch.TokensPerSecond)} tokens/s, {result.EpochsDone} epochs, {result.CheckpointPath}");
            if (result.Sample is not null)
                output.WriteLine(result.Sample);
        }
    }
}
