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

    protected override Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        Experiment experiment = ExperimentCommand.Read(parse.GetRequiredValue(_file), OwnCells);
        IReadOnlyList<TrialStatus> trials = new ExperimentDirectory(experiment, parse.GetValue(_runs) ?? RunDirectory.DefaultParent)
            .Status();
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
            return Task.FromResult(ExitCode.Done);
        }
        int number = $"{trials.Count}".Length, id = trials.Max(status => status.Trial.Id.Length);
        foreach (TrialStatus status in trials)
            output.WriteLine($"{status.Trial.Number.ToString().PadLeft(number)}  {status.Trial.Id.PadRight(id)}  "
                + $"{ExperimentReporter.NameOf(status.State),-8}  "
                + $"{Printable.Text(status.Trial.Variant)}{(status.Problem is { } problem ? $": {Printable.Text(problem)}" : "")}");
        return Task.FromResult(ExitCode.Done);
    }
}
