using System.CommandLine;
using CharLM.Cli.Options;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm experiment</c>.</summary>
internal sealed class ExperimentCommand : Command
{
    public ExperimentCommand()
        : base("experiment", "Compare runs that a file describes.")
    {
        Add(new ExperimentPlanCommand());
    }

    /// <summary>The file that describes an experiment.</summary>
    public static Argument<string> File() => new("FILE.yaml") { Description = "The experiment: a base, a list or grid of changes, seeds (docs/experiments.md)." };
}
