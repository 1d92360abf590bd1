using CharLM.Workbench.Runs;

namespace CharLM.Cli.Reporting;

/// <summary>All receivers of a run's events: standard error and the requested logs.</summary>
internal sealed class RunReporting : IProgress<RunEvent>, IDisposable
{
    private readonly RunReporter _reporter;
    private readonly JsonLog? _log;
    private readonly TensorBoardLog? _events;

    /// <param name="error">Standard error.</param>
    /// <param name="style">The unit of the loss.</param>
    /// <param name="every">Number of epochs between reports.</param>
    /// <param name="logJson">The file of the JSON log; null for none.</param>
    /// <param name="log">What to do with an existing log.</param>
    /// <param name="tensorBoard">The folder for TensorBoard's events; null for none.</param>
    public RunReporting(TextWriter error, LossStyle style, int every, string? logJson, LogStart log, string? tensorBoard)
    {
        _reporter = RunReporter.Create(error, every, style);
        _log = logJson is null ? null : new JsonLog(logJson, log, _reporter, error);
        _events = tensorBoard is null ? null : new TensorBoardLog(
            tensorBoard, log == LogStart.AfterCheckpoint, _log ?? (IProgress<RunEvent>)_reporter, error);
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

/// <summary>What to do with an existing log.</summary>
internal enum LogStart
{
    /// <summary>Overwrite it.</summary>
    Empty,

    /// <summary>Append: another run continues the model.</summary>
    AfterAll,

    /// <summary>Remove what follows the checkpoint: the resumed run writes it again.</summary>
    AfterCheckpoint,
}
