using CharLM.Workbench.Runs;
using TorchSharp;
using TorchSharp.Modules;

namespace CharLM.Cli.Reporting;

/// <summary>
/// Writes every epoch and sample of a run to a TensorBoard event file, as it happens. A full disk ends the log, not the run. A resumed run
/// adds a file, as TensorBoard expects.
/// </summary>
/// <param name="folder">The folder; created when the run begins.</param>
/// <param name="next">Receives every event afterwards.</param>
/// <param name="error">Receives a warning if the log ends early.</param>
internal sealed class TensorBoardLog(string folder, IProgress<RunEvent> next, TextWriter error) : IProgress<RunEvent>
{
    private SummaryWriter? _events;

    public void Report(RunEvent value)
    {
        switch (value)
        {
            case RunEvent.Started:
                _events = Open();
                break;
            case RunEvent.Epoch epoch:
                Write(events => Write(events, epoch.Metrics));
                break;
            case RunEvent.Sample sample:
                // As a code block: Markdown would reformat the text.
                Write(events => events.add_text("sample", "    " + sample.Text.ReplaceLineEndings("\n    "), sample.Number));
                break;
        }
        next.Report(value);
    }

    private static void Write(SummaryWriter events, EpochMetrics epoch)
    {
        if (!epoch.IsOfPairs)
            Add("perplexity/train", epoch.TrainPerplexity);
        Add("nats/train", epoch.TrainLoss);
        if (epoch.HeldOutLoss is { } nats)
        {
            if (!epoch.IsOfPairs)
                Add("perplexity/held_out", Math.Exp(nats));
            Add("nats/held_out", nats);
        }
        foreach ((string name, double value) in epoch.HeldOut ?? new Dictionary<string, double>())
            Add($"held_out/{name}", value);
        Add("training/gradient_norm", epoch.GradientNorm);
        Add("training/learning_rate", epoch.LearningRate);
        Add("training/tokens_per_second", epoch.TokensPerSecond);

        void Add(string tag, double value) => events.add_scalar(tag, (float)value, epoch.Epoch);
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
        // Every event reopens the file.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _events = null;
            ErrorLine.Write(error, $"warning: --tensorboard {folder}: the log ends here: {e.Message}");
        }
    }
}
