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
        _log = logJson is null ? null : new JsonLog(logJson, log, _reporter, error);
        _events = tensorBoard is null ? null : new TensorBoardLog(tensorBoard, _log ?? (IProgress<RunEvent>)_reporter, error);
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
