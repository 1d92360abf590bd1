using CharLM.Workbench.Reports;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Reporting;

/// <summary>Everybody who is told how a run goes: a person, and the logs that were asked for.</summary>
internal sealed class RunReporting : IProgress<RunEvent>, IDisposable
{
    private readonly RunReporter _reporter;
    private readonly JsonLog? _log;
    private readonly TensorBoardLog? _events;

    /// <param name="error">Where the person is told.</param>
    /// <param name="style">How figures are told.</param>
    /// <param name="every">Epochs from one report to the next.</param>
    /// <param name="logJson">The file of the log; null for none.</param>
    /// <param name="log">What becomes of a log that is there already.</param>
    /// <param name="tensorBoard">The folder of TensorBoard's events; null for none.</param>
    public RunReporting(TextWriter error, LossStyle style, int every, string? logJson, LogStart log, string? tensorBoard)
    {
        _reporter = RunReporter.Create(error, every, style);
        _log = logJson is null ? null : new JsonLog(logJson, log, style, _reporter, error);
        _events = tensorBoard is null ? null : new TensorBoardLog(tensorBoard, style, _log ?? (IProgress<RunEvent>)_reporter, error);
    }

    /// <inheritdoc/>
    public void Report(RunEvent value) => (_events ?? _log ?? (IProgress<RunEvent>)_reporter).Report(value);

    /// <inheritdoc/>
    public void Dispose()
    {
        _reporter.Dispose();
        _log?.Dispose();
    }
}

/// <summary>Runs of one kind that were read and will be reported.</summary>
internal interface IReportedRuns
{
    /// <summary>What is written of them.</summary>
    /// <param name="measure">Measures the runs; null measures nothing.</param>
    /// <param name="cancellationToken">Looked at now and then.</param>
    Task<ReportContent> ReportAsync(ReportMeasuring? measure, CancellationToken cancellationToken);
}

/// <summary>What <c>charlm report</c> writes of some runs, whatever they trained.</summary>
/// <param name="Report">The page.</param>
/// <param name="Runs">The table of the runs, every figure in full.</param>
/// <param name="Epochs">That of their epochs.</param>
/// <param name="Evaluations">That of what was measured.</param>
/// <param name="Figures">The runs' figures, for --json.</param>
internal sealed record ReportContent(
    Report Report, ReportTable Runs, ReportTable Epochs, ReportTable Evaluations, IReadOnlyList<object> Figures);

/// <summary>What becomes of a log that is there already.</summary>
internal enum LogStart
{
    /// <summary>It begins anew.</summary>
    Empty,

    /// <summary>All of it stays: another run goes on with the model.</summary>
    AfterAll,

    /// <summary>What comes after the checkpoint goes: the run itself goes on, and writes it again.</summary>
    AfterCheckpoint,
}
