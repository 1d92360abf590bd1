using CharLM.Cli.Streams;
using CharLM.Training;
using CharLM.Workbench.Runs;
using Spectre.Console;

namespace CharLM.Cli.Reporting;

/// <summary>Shows a run on a terminal: permanent report lines above one status line.</summary>
internal sealed class LiveRunReporter : RunReporter
{
    private static readonly TimeSpan RedrawInterval = TimeSpan.FromMilliseconds(100);

    private readonly IAnsiConsole _console = Terminal.OnError();
    private readonly TimeProvider _clock = TimeProvider.System;
    private long _drawn;
    private bool _hasStatus;
    private RunEvent.Epoch? _last;

    public LiveRunReporter(int every, LossStyle style)
        : base(TextWriter.Null, every, style)
    {
    }

    public override void Dispose()
    {
        ClearStatus();
        base.Dispose();
    }

    protected override void Line(string line)
    {
        ClearStatus();
        // Text of a model or a file is data, never markup.
        Console.Error.WriteLine(line);
    }

    protected override void Epoch(RunEvent.Epoch epoch) => _last = epoch;

    protected override void Step(StepReport step)
    {
        if (_hasStatus && _clock.GetElapsedTime(_drawn) < RedrawInterval)
            return;
        _drawn = _clock.GetTimestamp();
        string rate = _last is null ? "" : $"  {RunLines.Rate(_last.Metrics, Style)}  left {Figure.Duration(_last.RemainingSeconds)}";
        string status = $"epoch {step.Epoch}  minibatch {step.Batch}/{step.NumBatches}  {RunLines.Loss(step.Loss, Style)}{rate}";
        int width = Math.Max(1, _console.Profile.Width - 1);
        ClearStatus();
        _console.Write(new Text(status.Length > width ? status[..width] : status, Terminal.Dim));
        _hasStatus = true;
    }

    // Returns to the first column and erases the line.
    private void ClearStatus()
    {
        if (_hasStatus)
            _console.Profile.Out.Writer.Write("\r\u001b[2K");
        _hasStatus = false;
    }
}
