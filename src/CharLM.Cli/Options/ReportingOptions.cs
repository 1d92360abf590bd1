using System.CommandLine;
using CharLM.Cli.Help;
using CharLM.Cli.Reporting;

namespace CharLM.Cli.Options;

/// <summary>Who is told how a run goes.</summary>
/// <param name="style">How its figures are told.</param>
/// <param name="defaultEvery">Epochs from one report to the next when nothing else is said.</param>
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

    /// <summary>What is wrong with them.</summary>
    public IEnumerable<string> Errors(ParseResult parse)
    {
        if (Every(parse) is < 1 and var every)
            yield return $"report-every must be 1 or more, not {every}";
    }

    /// <summary>Opens the reports that the user asked for.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="log">What becomes of a log that is there already.</param>
    public RunReporting Open(ParseResult parse, LogStart log) =>
        new(parse.InvocationConfiguration.Error, style, Every(parse), parse.GetValue(_logJson), log, parse.GetValue(_tensorBoard));

    private int Every(ParseResult parse) => parse.GetValue(_reportEvery) ?? defaultEvery;
}
