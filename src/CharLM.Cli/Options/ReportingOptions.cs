using System.CommandLine;
using CharLM.Cli.Reporting;

namespace CharLM.Cli.Options;

/// <summary>Who is told how a run goes.</summary>
/// <param name="style">How its figures are told.</param>
/// <param name="defaultEvery">Epochs from one report to the next when nothing else is said.</param>
internal sealed class ReportingOptions(LossStyle style, int defaultEvery)
{
    private readonly Option<int?> _reportEvery = OptionOf.Integer(
        "--report-every", "N", $"Report the first epoch, the last, and every N. [default: {defaultEvery}]");
    private readonly Option<string?> _logJson = OptionOf.Text(
        "--log-json", "FILE",
            "Write every epoch and sample there as a JSON line; with --checkpoint, after what is there; with --resume, what came after the "
                + "checkpoint is written again, in its place.");
    private readonly Option<string?> _tensorBoard = OptionOf.Text(
        "--tensorboard", "FOLDER", "Write every epoch and sample there as an event file of TensorBoard, too.");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _reportEvery, _logJson, _tensorBoard })
            command.Add(option);
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
