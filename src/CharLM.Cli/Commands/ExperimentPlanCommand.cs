using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Workbench.Experiments;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm experiment plan</c>.</summary>
internal sealed class ExperimentPlanCommand : Verb
{
    private readonly Argument<string> _file = ExperimentCommand.File();
    private readonly Option<string?> _runs = ExperimentCommand.Runs();
    private readonly Option<bool> _json = OptionOf.Json();

    public ExperimentPlanCommand()
        : base("plan", "Show the trials of an experiment without running them.")
    {
        Add(_file);
        Add(_runs);
        CellsOption.AddTo(this);
        Add(_json);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        string file = parse.GetRequiredValue(_file);
        Experiment experiment = ExperimentCommand.Read(file, OwnCells);
        var directory = new ExperimentDirectory(experiment, parse.GetValue(_runs) ?? RunDirectory.DefaultParent);
        IReadOnlyList<TrialStatus> trials;
        try
        {
            trials = await SlurmSubmission.WithQueueAsync(file, directory, cancellationToken);
        }
        catch (IOException e)
        {
            // What the run directories tell is worth showing without the queue.
            ErrorLine.Write(parse.InvocationConfiguration.Error, $"warning: the queue is not known: {e.Message}");
            trials = directory.Status();
        }
        TextWriter output = parse.InvocationConfiguration.Output;
        if (parse.GetValue(_json))
        {
            output.WriteLine(JsonOutput.Line(new
            {
                experiment.Name,
                experiment.About,
                Measure = Choices.NameOf(experiment.Measure),
                Trials = trials.Select(ExperimentCommand.Describe),
            }));
            return ExitCode.Done;
        }
        int number = $"{trials.Count}".Length, id = trials.Max(status => status.Trial.Id.Length);
        foreach (TrialStatus status in trials)
            output.WriteLine($"{status.Trial.Number.ToString().PadLeft(number)}  {status.Trial.Id.PadRight(id)}  "
                + $"{ExperimentReporter.NameOf(status.State),-8}  "
                + $"{Printable.Text(status.Trial.Variant)}{(status.Problem is { } problem ? $": {Printable.Text(problem)}" : "")}");
        return ExitCode.Done;
    }
}
