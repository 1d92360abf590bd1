using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Experiments;
using CharLM.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm experiment report</c>.</summary>
internal sealed class ExperimentReportCommand : Verb
{
    private readonly Argument<string> _file = ExperimentCommand.File();
    private readonly Option<string?> _runs = ExperimentCommand.Runs();
    private readonly Option<ReportFormat?> _format = OptionOf.Choice<ReportFormat>("--format", "How it is written. [default: table]");
    private readonly Option<string?> _out = OptionOf.Text("--out", "FILE", "Where it is written. [default: standard output]");
    private readonly Option<bool> _json = OptionOf.Json();

    public ExperimentReportCommand()
        : base("report", "Show what the finished trials of an experiment reached: mean, standard deviation and best over seeds.")
    {
        Add(_file);
        foreach (Option option in new Option[] { _format, _out, _runs, _json })
            Add(option);
    }

    protected override Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        Experiment experiment = ExperimentFile.Read(parse.GetRequiredValue(_file));
        if (parse.GetValue(_json) && parse.GetValue(_format) is not (null or ReportFormat.Json))
            throw new InvalidConfigException(["json is a format of its own: leave format out"]);
        var directory = new ExperimentDirectory(experiment, parse.GetValue(_runs) ?? RunDirectory.DefaultParent);
        ExperimentCommand.RefuseOther(directory);
        IReadOnlyList<TrialStatus> trials = directory.Status();
        var report = ExperimentReport.From(experiment, trials);
        if (report.Unfinished == trials.Count)
            throw new CheckpointException(directory.Path, $"holds no finished trial of {experiment.Name}: charlm experiment run runs them");
        ReportFormat format = parse.GetValue(_json) ? ReportFormat.Json : parse.GetValue(_format) ?? ReportFormat.Table;
        if (parse.GetValue(_out) is { } file)
            OutputFile.Write(file, writer => ExperimentCommand.Write(writer, report, trials, directory, format));
        else
            ExperimentCommand.Write(parse.InvocationConfiguration.Output, report, trials, directory, format);
        if (report.Unfinished > 0)
            ErrorLine.Write(parse.InvocationConfiguration.Error, $"warning: {report.Unfinished} of {trials.Count} trials are not finished");
        return Task.FromResult(ExitCode.Done);
    }
}
