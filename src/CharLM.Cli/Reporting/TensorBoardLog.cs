using CharLM.Evaluation;
using CharLM.Training;
using CharLM.Workbench.Runs;
using TorchSharp;
using TorchSharp.Modules;

namespace CharLM.Cli.Reporting;

/// <summary>
/// Writes every epoch and sample of a run as an event file of TensorBoard, as it happens. A disk that fills up ends the log,
/// not the run. A run that goes on adds a file, as TensorBoard expects.
/// </summary>
/// <param name="folder">The folder; made when the run begins.</param>
/// <param name="style">Whether it is told of perplexities or of nats and figures.</param>
/// <param name="next">Is told of everything, too.</param>
/// <param name="error">Where the end of the log is told.</param>
internal sealed class TensorBoardLog(string folder, LossStyle style, IProgress<RunEvent> next, TextWriter error) : IProgress<RunEvent>
{
    private SummaryWriter? _events;

    public void Report(RunEvent value)
    {
        switch (value)
        {
            case RunEvent.Started:
                _events = Open();
                break;
            case RunEvent.Epoch { Report: var epoch }:
                Write(events => Write(events, epoch, style));
                break;
            case RunEvent.Sample sample:
                // As a block of code: Markdown would take the text apart.
                Write(events => events.add_text("sample", "    " + sample.Text.ReplaceLineEndings("\n    "), sample.Number));
                break;
        }
        next.Report(value);
    }

    private static void Write(SummaryWriter events, EpochReport epoch, LossStyle style)
    {
        if (style == LossStyle.Perplexity)
            events.add_scalar("perplexity/train", (float)epoch.Train.Perplexity, epoch.Epoch);
        events.add_scalar("nats/train", (float)epoch.Train.Mean, epoch.Epoch);
        if (epoch.HeldOut is { } heldOut)
        {
            if (style == LossStyle.Perplexity)
                events.add_scalar("perplexity/held_out", (float)heldOut.Perplexity, epoch.Epoch);
            events.add_scalar("nats/held_out", (float)heldOut.Mean, epoch.Epoch);
        }
        foreach ((string name, double value) in Metric.ByKey(epoch.Metrics))
            events.add_scalar($"held_out/{name}", (float)value, epoch.Epoch);
        events.add_scalar("training/gradient_norm", (float)epoch.GradientNorm, epoch.Epoch);
        events.add_scalar("training/learning_rate", (float)epoch.LearningRate, epoch.Epoch);
        events.add_scalar("training/tokens_per_second", (float)epoch.TokensPerSecond, epoch.Epoch);
    }

    private SummaryWriter Open()
    {
        try
        {
            return torch.utils.tensorboard.SummaryWriter(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"--tensorboard {folder}: cannot be written: {e.Message}", e);
        }
    }

    private void Write(Action<SummaryWriter> write)
    {
        try
        {
            if (_events is not null)
                write(_events);
        }
        // Every event opens the file anew.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _events = null;
            ErrorLine.Write(error, $"warning: --tensorboard {folder}: the log ends here: {e.Message}");
        }
    }
}
