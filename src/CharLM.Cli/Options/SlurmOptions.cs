using System.CommandLine;
using CharLM.Cli.Help;
using CharLM.Workbench.Clusters;

namespace CharLM.Cli.Options;

/// <summary>A program that distributes jobs over a cluster's machines.</summary>
internal enum Scheduler
{
    /// <summary>Slurm.</summary>
    Slurm,
}

/// <summary>The options for trials that a cluster's scheduler runs.</summary>
internal sealed class SlurmOptions
{
    private readonly Option<Scheduler?> _submit = OptionOf.Choice<Scheduler>(
        "--submit", "Give the unfinished trials to a cluster's scheduler as an array job, and return at once. [default: run them here]");
    private readonly Option<string?> _time = OptionOf.Text(
        "--time", "T", "With --submit: time limit of each trial, as Slurm writes it; a trial that reaches it saves, goes back into the "
            + "queue and resumes. [default: the partition's]");
    private readonly Option<string?> _partition = OptionOf.Text(
        "--partition", "P", "With --submit: the partition of the cluster. [default: the cluster's]");
    private readonly Option<string?> _memory = OptionOf.Text(
        "--memory", "M", "With --submit: memory of each trial, such as 2G. [default: the partition's]");
    private readonly Option<int?> _requeues = OptionOf.Integer(
        "--requeues", "N", "With --submit: how often a trial that was saved or killed goes back into the queue. [default: 20]");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command) => command.Add(HelpGroup.Machine, _submit, _time, _partition, _memory, _requeues);

    /// <summary>Whether the trials go to a scheduler.</summary>
    public bool Submits(ParseResult parse) => parse.GetValue(_submit) is not null;

    /// <summary>Errors in their combination.</summary>
    public IEnumerable<string> Errors(ParseResult parse)
    {
        if (Submits(parse))
            yield break;
        foreach (Option option in new Option[] { _time, _partition, _memory, _requeues })
        {
            if (parse.GetResult(option) is { Implicit: false })
                yield return $"{option.Name[2..]} is for trials that a scheduler runs: give --submit slurm";
        }
    }

    /// <summary>An array job with the given options.</summary>
    public SlurmArray Apply(ParseResult parse, SlurmArray under) => under with
    {
        Time = parse.GetValue(_time),
        Partition = parse.GetValue(_partition),
        Memory = parse.GetValue(_memory),
        Requeues = parse.GetValue(_requeues) ?? under.Requeues,
    };
}
