using CharLM.Workbench.Runs;
namespace CharLM.Workbench.Experiments;

/// <summary>Runs the unfinished trials of an experiment, several at a time; a failing trial does not stop the others.</summary>
/// <param name="trials">The status of all trials beforehand, in order.</param>
/// <param name="run">Runs one trial to its end, or until it is cancelled, and reports its epochs; an exception is the trial's
/// failure.</param>
/// <param name="progress">Receives every change, one at a time.</param>
public sealed class ExperimentRun(
    IEnumerable<TrialStatus> trials, Func<Trial, IProgress<EpochMetrics>, CancellationToken, Task<TrialStatus>> run,
        IProgress<TrialStatus>? progress = null)
{
    private readonly TrialStatus[] _trials = [.. trials];
    private readonly Lock _telling = new();

    /// <summary>Runs the trials, in order.</summary>
    /// <param name="jobs">Number of simultaneous trials, 1 or more.</param>
    /// <param name="cancellationToken">Prevents further trials from starting; running ones are cancelled and awaited.</param>
    /// <returns>The status of all trials afterwards.</returns>
    public async Task<IReadOnlyList<TrialStatus>> ExecuteAsync(int jobs, CancellationToken cancellationToken = default)
    {
        // The loop itself is not cancelled, since it would not wait for running trials.
        await Parallel.ForEachAsync(
            Enumerable.Range(0, _trials.Length), new ParallelOptions { MaxDegreeOfParallelism = jobs }, async (place, _) =>
        {
            if (_trials[place].State != TrialState.Finished && !cancellationToken.IsCancellationRequested)
                await RunAsync(place, cancellationToken);
        });
        return _trials;
    }

    private async Task RunAsync(int place, CancellationToken cancellationToken)
    {
        Trial trial = _trials[place].Trial;
        Tell(place, new TrialStatus(trial, TrialState.Running));
        try
        {
            Tell(place, await run(trial, new Reached(this, place), cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Tell(place, _trials[place] with { State = TrialState.Resumable });
        }
        // Any exception fails only this trial.
        catch (Exception e)
        {
            Tell(place, _trials[place] with { State = TrialState.Failed, Problem = e.Message });
        }
    }

    private void Tell(int place, TrialStatus status)
    {
        lock (_telling)
        {
            _trials[place] = status;
            progress?.Report(status);
        }
    }

    private sealed class Reached(ExperimentRun run, int place) : IProgress<EpochMetrics>
    {
        public void Report(EpochMetrics value) => run.Tell(place, run._trials[place] with { Progress = value });
    }
}
