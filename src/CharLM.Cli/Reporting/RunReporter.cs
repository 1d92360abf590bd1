using CharLM.Cli.Streams;
using CharLM.Training;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Reporting;

/// <summary>Reports a run in plain lines: the first epoch, the last, and every Nth between.</summary>
internal class RunReporter(TextWriter error, int every, LossStyle style) : IProgress<RunEvent>, IDisposable
{
    private readonly List<double> _heldOut = [];

    /// <summary>The unit of the loss.</summary>
    protected LossStyle Style { get; } = style;

    /// <summary>The reporter that suits standard error: live on a terminal, plain lines elsewhere.</summary>
    public static RunReporter Create(TextWriter error, int every, LossStyle style = LossStyle.Perplexity) =>
        Terminal.IsLive ? new LiveRunReporter(every, style) : new RunReporter(error, every, style);

    /// <inheritdoc/>
    public void Report(RunEvent value)
    {
        switch (value)
        {
            case RunEvent.Started started:
                Lines(RunLines.Describe(started.Description));
                break;
            case RunEvent.Step step:
                Step(step.Report);
                break;
            case RunEvent.Epoch epoch:
                Epoch(epoch);
                if (epoch.Metrics.Epoch is var number && (number == 1 || number == epoch.NumEpochs || number % every == 0))
                    Line(RunLines.Describe(epoch, Style));
                if (epoch.Metrics.HeldOutLoss is { } loss)
                    _heldOut.Add(loss);
                if (epoch.Metrics.Epoch == epoch.NumEpochs && _heldOut.Count > 2)
                    Line(RunLines.Curve(_heldOut));
                break;
            // On a terminal the result repeats the last sample.
            case RunEvent.Sample { IsLast: true } when Style == LossStyle.Perplexity && !Console.IsOutputRedirected:
                break;
            case RunEvent.Sample sample:
                Lines(Style == LossStyle.Perplexity ? [$"sample  {Printable.Lines(sample.Text)}"]
                    : sample.Text.Split('\n').Select(line => $"sample  {Printable.Lines(line)}"));
                break;
            case RunEvent.Unseen unseen:
                Line(RunLines.Describe(unseen.Figures));
                break;
            case RunEvent.StoppedEarly stopped:
                Line($"ended   no better held-out {(Style == LossStyle.Perplexity ? "perplexity" : "pairs")} for {stopped.Epochs} epochs");
                break;
            case RunEvent.Saved saved:
                Line($"saved   {Printable.Text(saved.Path)}");
                break;
        }
    }

    /// <inheritdoc/>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>Writes a permanent line.</summary>
    protected virtual void Line(string line) => error.WriteLine(line);

    /// <summary>Called after each minibatch.</summary>
    protected virtual void Step(StepReport step)
    {
    }

    /// <summary>Called after each epoch, reported or not.</summary>
    protected virtual void Epoch(RunEvent.Epoch epoch)
    {
    }

    private void Lines(IEnumerable<string> lines)
    {
        foreach (string line in lines)
            Line(line);
    }
}
