using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Workbench.Cells;
using CharLM.Workbench.Experiments;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Reports.Html;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm experiment</c>, and the helpers that its verbs share.</summary>
internal sealed class ExperimentCommand : Command
{
    public ExperimentCommand()
        : base("experiment", "Train and compare many configurations described in one file.")
    {
        Add(new ExperimentPlanCommand());
        Add(new ExperimentRunCommand());
        Add(new ExperimentReportCommand());
    }

    /// <summary>The file that describes an experiment.</summary>
    public static Argument<string> File() => new("FILE.yaml")
    {
        Description = "The experiment: a base configuration, a list or grid of changes, seeds (docs/experiments.md).",
    };

    /// <summary>The option for the folder of the runs.</summary>
    public static Option<string?> Runs() =>
        OptionOf.Text("--runs", "FOLDER",
            $"Folder of all runs; each trial has FOLDER/EXPERIMENT/TRIAL. [default: {RunDirectory.DefaultParent}]");

    /// <summary>The option that names the file of which a scheduler's job has a copy.</summary>
    public const string AsOption = "--as";

    /// <summary>Reads an experiment; its texts are relative to its folder.</summary>
    /// <param name="file">The file.</param>
    /// <param name="cells">The assembly that the cells of its trials come from; null for those of the toolkit.</param>
    /// <param name="original">The file of which it is a copy; default null: it is none.</param>
    public static Experiment Read(string file, CellFile? cells, string? original = null)
    {
        Experiment experiment = ExperimentFile.Read(file, original ?? file, CorpusOptions.Catalog());
        return experiment with
        {
            Trials = [.. experiment.Trials.Select(trial => trial.Config.Model.Cell == CellKind.Own
                ? trial with { Config = CellsOption.Remember(trial.Config, cells) } : trial)],
        };
    }

    /// <summary>Refuses runs of another configuration, or on another text, than the file describes.</summary>
    /// <param name="directory">The experiment's runs.</param>
    /// <param name="textOf">SHA-256 of a corpus in its current state; null if unknown.</param>
    /// <exception cref="InvalidConfigException">There is such a run.</exception>
    public static void RefuseOther(ExperimentDirectory directory, Func<CorpusNames, string?> textOf)
    {
        if (directory.FirstOther(textOf) is { } other)
        {
            throw new InvalidConfigException(
                [$"{other.Run.Path} was run with another configuration ({string.Join(", ", other.Differences)}): give the experiment "
                    + "another name, or --runs, or delete that folder"]);
        }
    }

    /// <summary>Warns if the variants' figures cannot be ranked.</summary>
    public static void Warn(TextWriter error, Experiment experiment)
    {
        if (!experiment.MeasuresOneText)
            ErrorLine.Write(error,
                "warning: the variants are measured on different texts or parts of a text, so their figures do not rank them");
    }

    /// <summary>Writes a report.</summary>
    public static void Write(
        TextWriter output, ExperimentReport report, IReadOnlyList<TrialStatus> trials, ExperimentDirectory directory, ReportFormat format)
    {
        switch (format)
        {
            case ReportFormat.Json:
                output.WriteLine(JsonOutput.Line(Describe(report, trials)));
                break;
            case ReportFormat.Csv:
                CsvTable.Write(ExperimentTable.Full(report), output);
                break;
            case ReportFormat.Markdown:
                MarkdownReport.Write(ExperimentPage.Of(report, trials, directory), output);
                break;
            case ReportFormat.Html:
                HtmlReport.Write(ExperimentPage.Of(report, trials, directory), output, ChartLibrary.Embedded);
                break;
            default:
                foreach (string line in Columns.Align(ExperimentTable.Short(report)))
                    output.WriteLine(line);
                break;
        }
    }

    /// <summary>A trial for JSON.</summary>
    public static object Describe(TrialStatus status) => new
    {
        status.Trial.Number,
        status.Trial.Id,
        status.Trial.Variant,
        status.Trial.Seed,
        status.Trial.Repeat,
        State = Choices.NameOf(status.State),
        status.Problem,
        status.Warnings,
        status.Progress,
        status.Result,
    };

    private static object Describe(ExperimentReport report, IEnumerable<TrialStatus> trials) => new
    {
        report.Experiment.Name,
        report.Experiment.About,
        Measure = Choices.NameOf(report.Experiment.Measure),
        Best = report.Best?.Variant,
        report.Rows,
        Trials = trials.Select(Describe),
    };
}
