using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Commands;
using CharLM.Cli.Reporting;
using CharLM.Sequences;
using CharLM.Training;

namespace CharLM.Cli.Options;

/// <summary>The options that training on pairs has, whatever the model.</summary>
internal sealed class PairTrainingOptions
{
    /// <summary>How pairs are learned when nothing else is said.</summary>
    public static readonly TrainerConfig Defaults = new() { NumEpochs = 20, BatchSize = 64, Optimizer = OptimizerKind.Adam, LearningRate = 0.002 };

    private readonly TrainerOptions _trainer = new(Defaults, ofRunningText: false);
    private readonly Option<string?> _data = OptionOf.Text("--data", "FILE", "The pairs to learn: UTF-8, a line each, source<TAB>target.");
    private readonly Option<string?> _validation = OptionOf.Text("--validation", "FILE", "Pairs that are held out and measured after every epoch.");
    private readonly Option<string?> _checkpoint = OptionOf.Text("--checkpoint", "FILE", "Go on from this checkpoint: its model, vocab and finished epochs are taken over; the optimizer begins anew. Give --epochs to go beyond its last.");
    private readonly Option<string?> _out = OptionOf.Text("--out", "FILE", "Where the checkpoint is written.");
    private readonly Option<int?> _checkpointEvery = OptionOf.Integer("--checkpoint-every", "N", "Write the checkpoint after every N epochs; 0 only at the end. [default: 0]");
    private readonly Option<int?> _reportEvery = OptionOf.Integer("--report-every", "N", "Report the first epoch, the last, and every N. [default: 1]");
    private readonly string _defaultOut;

    /// <summary>The options.</summary>
    /// <param name="defaultOut">Where the checkpoint is written when nothing else is said.</param>
    public PairTrainingOptions(string defaultOut)
    {
        _defaultOut = defaultOut;
        _out.Description += $" [default: {defaultOut}]";
        _data.Required = true;
    }

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _data, _validation, _checkpoint, _out, _checkpointEvery, _reportEvery })
            command.Add(option);
        _trainer.AddTo(command);
    }

    /// <summary>The checkpoint to go on from; null for a new model.</summary>
    public string? Checkpoint(ParseResult parse) => parse.GetValue(_checkpoint);

    /// <summary>Where the checkpoint is written.</summary>
    public string Out(ParseResult parse) => parse.GetValue(_out) ?? _defaultOut;

    /// <summary>How it is trained.</summary>
    public TrainerConfig Training(ParseResult parse, TrainerConfig? before) => _trainer.Apply(parse, before ?? Defaults);

    /// <summary>What is wrong with the options.</summary>
    public IEnumerable<string> Faults(ParseResult parse, TrainerConfig training, int epochsDone)
    {
        foreach (string fault in training.Faults())
            yield return fault;
        if (parse.GetValue(_checkpointEvery) < 0)
            yield return $"checkpoint-every must be 0 (only at the end) or more, not {parse.GetValue(_checkpointEvery)}";
        if (parse.GetValue(_reportEvery) < 1)
            yield return $"report-every must be 1 or more, not {parse.GetValue(_reportEvery)}";
        if (epochsDone >= training.NumEpochs)
            yield return $"the checkpoint has finished {epochsDone} epochs already: give --epochs above that to train on";
        if (training.Schedule.Kind == ScheduleKind.Plateau && parse.GetValue(_validation) is null)
            yield return "schedule plateau waits for better held-out pairs: give --validation";
    }

    /// <summary>The pairs to learn, and those that are held out.</summary>
    public async Task<(PairFile Data, PairFile? HeldOut)> ReadAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        PairFile data = await PairFile.ReadAsync(parse.GetValue(_data)!, cancellationToken);
        return (data, parse.GetValue(_validation) is { } path ? await PairFile.ReadAsync(path, cancellationToken) : null);
    }

    /// <summary>Trains, reporting on standard error, and prints the result.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="run">The run.</param>
    /// <param name="json">Whether the result is printed as JSON.</param>
    /// <param name="parameters">Trainable values of the model.</param>
    /// <param name="cancellationToken">Ends the run after the current minibatch.</param>
    /// <returns>An exit code.</returns>
    public int Execute(ParseResult parse, SequenceRun run, bool json, long parameters, CancellationToken cancellationToken)
    {
        TextWriter error = parse.InvocationConfiguration.Error, output = parse.InvocationConfiguration.Output;
        var reporter = new SequenceReporter(error, parse.GetValue(_reportEvery) ?? 1);
        SequenceResult result = run.Execute(reporter, cancellationToken);
        if (json)
        {
            output.WriteLine(JsonOutput.Line(new
            {
                Epochs = result.EpochsDone,
                Parameters = parameters,
                Loss = result.LastEpoch?.Train.Mean,
                HeldOut = SequenceReporter.ByName(result.HeldOut),
                Seconds = result.LastEpoch?.ElapsedSeconds,
                Checkpoint = run.CheckpointPath,
                result.Interrupted,
            }));
        }
        else if (result.LastEpoch is { } epoch)
        {
            output.WriteLine($"loss {epoch.Train.Mean:0.0000} nats{SequenceReporter.Describe(result.HeldOut, ", held-out ")}, {result.EpochsDone} epoch{(result.EpochsDone == 1 ? "" : "s")}, {run.CheckpointPath}");
        }
        if (!result.Interrupted)
            return ExitCode.Done;
        ErrorLine.Write(error, $"interrupted after {result.EpochsDone} of {run.Training.NumEpochs} epochs and saved; go on with --checkpoint {run.CheckpointPath}");
        return ExitCode.Resumable;
    }

    /// <summary>How often the checkpoint is written.</summary>
    public int CheckpointEvery(ParseResult parse) => parse.GetValue(_checkpointEvery) ?? 0;
}
