using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Workbench.Experiments;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm experiment report</c>.</summary>
internal sealed class ExperimentReportCommand : Verb
{
    private readonly Argument<string> _file = ExperimentCommand.File();
    private readonly Option<string?> _runs = ExperimentCommand.Runs();
    private readonly Option<ReportFormat?> _format = OptionOf.Choice<ReportFormat>("--format", "Format of the report. [default: table]");
    private readonly Option<string?> _out = OptionOf.Text("--out", "FILE", "File for the report. [default: standard output]");
    private readonly Option<bool> _json = OptionOf.Json();

    public ExperimentReportCommand()
        : base("report", "Show the results of the finished trials: mean, standard deviation and best over seeds.")
    {
        Add(_file);
        foreach (Option option in new Option[] { _format, _out, _runs, _json })
            Add(option);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        Experiment experiment = ExperimentCommand.Read(parse.GetRequiredValue(_file));
        if (parse.GetValue(_json) && parse.GetValue(_format) is not (null or ReportFormat.Json))
            throw new InvalidConfigException(["json is itself a format: leave format out"]);
        var directory = new ExperimentDirectory(experiment, parse.GetValue(_runs) ?? RunDirectory.DefaultParent);
        Dictionary<CorpusNames, string?> texts = await TextsAsync(experiment, directory, cancellationToken);
        ExperimentCommand.RefuseOther(directory, corpus => texts[corpus]);
        IReadOnlyList<TrialStatus> trials = directory.Status();
        var report = ExperimentReport.From(experiment, trials);
        if (report.Unfinished == trials.Count)
            throw new CheckpointException(directory.Path, $"holds no finished trial of {experiment.Name}: use charlm experiment run");
        ReportFormat format = parse.GetValue(_json) ? ReportFormat.Json : parse.GetValue(_format) ?? ReportFormat.Table;
        if (parse.GetValue(_out) is { } file)
            OutputFile.Write(file, writer => ExperimentCommand.Write(writer, report, trials, directory, format));
        else
            ExperimentCommand.Write(parse.InvocationConfiguration.Output, report, trials, directory, format);
        if (report.Unfinished > 0)
            ErrorLine.Write(parse.InvocationConfiguration.Error, $"warning: {report.Unfinished} of {trials.Count} trials are not finished");
        ExperimentCommand.Warn(parse.InvocationConfiguration.Error, experiment);
        return ExitCode.Done;
    }

    // Only texts at hand: a report uses no network, and may be read where the texts are missing.
    private static async Task<Dictionary<CorpusNames, string?>> TextsAsync(
        Experiment experiment, ExperimentDirectory directory, CancellationToken cancellationToken)
    {
        var texts = new Dictionary<CorpusNames, string?>();
        foreach (Trial trial in experiment.Trials.DistinctBy(trial => trial.Config.Corpus))
            texts[trial.Config.Corpus] = await CorpusOptions.Sha256Async(
                directory.CorpusOf(trial), trial.Config.Text.ReadAs, cancellationToken);
        return texts;
    }
}
