using CharLM.Runs;
using CharLM.Training;

namespace CharLM.Cli.Reporting;

/// <summary>
/// Shows a run to a person: a plain line for every report. Epochs 1 and last, and every so many between, are reported.
/// </summary>
internal class RunReporter(TextWriter error, int every) : IProgress<RunEvent>, IDisposable
{
    /// <summary>The reporter that fits standard error: live on a terminal, plain lines elsewhere.</summary>
    public static RunReporter Create(TextWriter error, int every) => Terminal.IsLive ? new LiveRunReporter(every) : new RunReporter(error, every);

    /// <inheritdoc/>
    public void Report(RunEvent value)
    {
        switch (value)
        {
            case RunEvent.Started started:
                foreach (string line in RunLines.Describe(started.Description))
                    Line(line);
                break;
            case RunEvent.Step step:
                Step(step.Report);
                break;
            case RunEvent.Epoch { Report: var report }:
                Epoch(report);
                if (report.Epoch == 1 || report.Epoch == report.NumEpochs || report.Epoch % every == 0)
                    Line(RunLines.Describe(report));
                break;
            case RunEvent.Sample sample:
                Line($"sample  {sample.Text}");
                break;
            case RunEvent.StoppedEarly stopped:
                Line($"ended   no better held-out perplexity for {stopped.Epochs} epochs");
                break;
            case RunEvent.Saved saved:
                Line($"saved   {saved.Path}");
                break;
        }
    }

    /// <inheritdoc/>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>Shows a line that stays.</summary>
    protected virtual void Line(string line) => error.WriteLine(line);

    /// <summary>A minibatch was learned.</summary>
    protected virtual void Step(StepReport step)
    {
    }

    /// <summary>An epoch ended, whether it is reported or not.</summary>
    protected virtual void Epoch(EpochReport epoch)
    {
    }
}
