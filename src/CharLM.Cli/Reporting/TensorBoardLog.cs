using CharLM.Evaluation;
using CharLM.Reports.TensorBoard;
using CharLM.Runs;
using CharLM.Training;

namespace CharLM.Cli.Reporting;

/// <summary>
/// Writes every epoch and sample of a run as an event file of TensorBoard, as it happens. A disk that fills up ends the log,
/// not the run. A run that goes on adds a file, as TensorBoard expects.
/// </summary>
/// <param name="folder">The folder; made when the run begins.</param>
/// <param name="style">Whether it is told of perplexities or of nats and figures.</param>
/// <param name="next">Is told of everything, too.</param>
/// <param name="error">Where the end of the log is told.</param>
internal sealed class TensorBoardLog(string folder, LossStyle style, IProgress<RunEvent> next, TextWriter error) : IProgress<RunEvent>, IDisposable
{
    private EventWriter? _events;

    public void Report(RunEvent value)
    {
        switch (value)
        {
            case RunEvent.Started or RunEvent.StartedOnPairs:
                _events = Open();
                break;
            case RunEvent.Epoch { Report: var epoch }:
                Write(events => Write(events, epoch, style));
                break;
            case RunEvent.Sample sample:
                // As a block of code: Markdown would take the text apart.
                Write(events => events.Text("sample", sample.Number, "    " + sample.Text.ReplaceLineEndings("\n    ")));
                break;
        }
        next.Report(value);
    }

    public void Dispose() => _events?.Dispose();

    private static void Write(EventWriter events, EpochReport epoch, LossStyle style)
    {
        if (style == LossStyle.Perplexity)
            events.Scalar("perplexity/train", epoch.Epoch, epoch.Train.Perplexity);
        events.Scalar("nats/train", epoch.Epoch, epoch.Train.Mean);
        if (epoch.HeldOut is { } heldOut)
        {
            if (style == LossStyle.Perplexity)
                events.Scalar("perplexity/held_out", epoch.Epoch, heldOut.Perplexity);
            events.Scalar("nats/held_out", epoch.Epoch, heldOut.Mean);
        }
        foreach ((string name, double value) in Measure.ByKey(epoch.Measures))
            events.Scalar($"held_out/{name}", epoch.Epoch, value);
        events.Scalar("training/gradient_norm", epoch.Epoch, epoch.GradientNorm);
        events.Scalar("training/learning_rate", epoch.Epoch, epoch.LearningRate);
        events.Scalar("training/tokens_per_second", epoch.Epoch, epoch.TokensPerSecond);
    }

    private EventWriter Open()
    {
        try
        {
            Directory.CreateDirectory(folder);
            return new EventWriter(new FileStream(Path.Combine(folder, EventWriter.FileName(DateTimeOffset.UtcNow)), FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"--tensorboard {folder}: cannot be written: {e.Message}", e);
        }
    }

    private void Write(Action<EventWriter> write)
    {
        try
        {
            if (_events is not null)
                write(_events);
        }
        catch (IOException e)
        {
            _events?.Dispose();
            _events = null;
            ErrorLine.Write(error, $"warning: --tensorboard {folder}: the log ends here: {e.Message}");
        }
    }
}
