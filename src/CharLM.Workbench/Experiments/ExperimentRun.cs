using CharLM.Workbench.Runs;
namespace CharLM.Workbench.Experiments;

/// <summary>Runs the trials of an experiment that are not finished, some at a time; one that fails does not stop the others.</summary>
/// <param name="trials">How all trials stand before, in order.</param>
/// <param name="run">Runs one trial to its end, or until it is cancelled, telling what it has reached; what it throws is
/// the trial's failure.</param>
/// <param name="progress">Told of every change, one at a time.</param>
public sealed class ExperimentRun(
    IEnumerable<TrialStatus> trials, Func<Trial, IProgress<EpochMetrics>, CancellationToken, Task<TrialStatus>> run,
        IProgress<TrialStatus>? progress = null)
{
    private readonly TrialStatus[] _trials = [.. trials];
    private readonly Lock _telling = new();

    /// <summary>Runs them, in order.</summary>
    /// <param name="jobs">Trials at a time, 1 or more.</param>
    /// <param name="cancellationToken">No further trial begins; those that run are cancelled and waited for.</param>
    /// <returns>How all trials stand after.</returns>
    public async Task<IReadOnlyList<TrialStatus>> ExecuteAsync(int jobs, CancellationToken cancellationToken = default)
    {
        // The loop itself is not cancelled: it would not wait for those that run.
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
        // Whatever it is, it is this trial's affair; the others go on.
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
