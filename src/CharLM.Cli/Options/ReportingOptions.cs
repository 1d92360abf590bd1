using System.CommandLine;
using CharLM.Cli.Help;
using CharLM.Cli.Reporting;

namespace CharLM.Cli.Options;

/// <summary>Options for progress reports and logs of a run.</summary>
/// <param name="style">The style of its figures.</param>
/// <param name="defaultEvery">Default number of epochs between reports.</param>
internal sealed class ReportingOptions(LossStyle style, int defaultEvery)
{
    private readonly Option<int?> _reportEvery = OptionOf.Integer(
        "--report-every", "N", $"Report the first and the last epoch and every Nth. [default: {defaultEvery}]");
    private readonly Option<string?> _logJson = OptionOf.Text(
        "--log-json", "FILE",
            "Log every epoch and sample to this file as a line of JSON; --checkpoint appends, --resume rewrites what followed the "
                + "checkpoint. [default: none]");
    private readonly Option<string?> _tensorBoard = OptionOf.Text(
        "--tensorboard", "FOLDER", "Log every epoch and sample to this folder for TensorBoard. [default: none]");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(HelpGroup.Output, _reportEvery, _logJson, _tensorBoard);
    }

    /// <summary>The errors in them.</summary>
    public IEnumerable<string> Errors(ParseResult parse)
    {
        if (Every(parse) is < 1 and var every)
            yield return $"report-every must be 1 or more, not {every}";
    }

    /// <summary>Opens the reports that the user asked for.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="log">What to do with an existing log.</param>
    public RunReporting Open(ParseResult parse, LogStart log) =>
        new(parse.InvocationConfiguration.Error, style, Every(parse), parse.GetValue(_logJson), log, parse.GetValue(_tensorBoard));

    private int Every(ParseResult parse) => parse.GetValue(_reportEvery) ?? defaultEvery;
}
