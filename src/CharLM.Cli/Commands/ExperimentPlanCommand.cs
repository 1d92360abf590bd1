using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Experiments;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm experiment plan</c>.</summary>
internal sealed class ExperimentPlanCommand : Verb
{
    private readonly Argument<string> _file = ExperimentCommand.File();
    private readonly Option<bool> _json = OptionOf.Json();

    public ExperimentPlanCommand()
        : base("plan", "Show the runs that an experiment consists of; runs nothing.")
    {
        Add(_file);
        Add(_json);
    }

    protected override Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        Experiment experiment = ExperimentFile.Read(parse.GetRequiredValue(_file));
        TextWriter output = parse.InvocationConfiguration.Output;
        if (parse.GetValue(_json))
        {
            output.WriteLine(JsonOutput.Line(new
            {
                experiment.Name,
                experiment.About,
                Measure = Choices.NameOf(experiment.Measure),
                Trials = experiment.Trials.Select(trial => new { trial.Number, trial.Id, trial.Variant, trial.Seed, trial.Repeat }),
            }));
            return Task.FromResult(ExitCode.Done);
        }
        int number = Figure.Count(experiment.Trials.Count).Length, id = experiment.Trials.Max(trial => trial.Id.Length);
        foreach (Trial trial in experiment.Trials)
            output.WriteLine($"{trial.Number.ToString().PadLeft(number)}  {trial.Id.PadRight(id)}  {Printable.Text(trial.Variant)}");
        return Task.FromResult(ExitCode.Done);
    }
}
