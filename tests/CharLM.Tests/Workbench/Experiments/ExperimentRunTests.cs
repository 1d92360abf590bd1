using CharLM.Workbench.Experiments;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Experiments;

public sealed class ExperimentRunTests
{
    private static readonly Experiment Experiment = ExperimentFile.Parse("seeds: [0, 1, 2, 3, 4]", "seeds.yaml");
    private static readonly TrialResult Result = new()
    {
        Epochs = 1,
        Parameters = 1,
        TrainPerplexity = 1,
        TokensPerSecond = 1,
        TrainedSeconds = 1,
    };

    private readonly List<TrialStatus> _told = [];

    private static IEnumerable<TrialStatus> Waiting => Experiment.Trials.Select(trial => new TrialStatus(trial, TrialState.Waiting));

    private ExperimentRun Run(
        Func<Trial, IProgress<EpochMetrics>, CancellationToken, Task<TrialStatus>> run, IEnumerable<TrialStatus>? trials = null) =>
        new(trials ?? Waiting, run, new Told(_told));

    [Fact]
    public async Task ExecuteAsync_OneFails_RunsTheOthers()
    {
        ExperimentRun run = Run(
            (trial, _, _) => trial.Seed == 1 ? throw new IOException("no disk")
                : Task.FromResult(new TrialStatus(trial, TrialState.Finished)
                {
                    Result = Result,
                }));
        IReadOnlyList<TrialStatus> trials = await run.ExecuteAsync(1, TestContext.Current.CancellationToken);
        Assert.Equal([TrialState.Finished, TrialState.Failed, TrialState.Finished, TrialState.Finished, TrialState.Finished],
            trials.Select(status => status.State));
        Assert.Equal("no disk", trials[1].Problem);
        Assert.Equal([1, 1, 2, 2, 3, 3, 4, 4, 5, 5], _told.Select(status => status.Trial.Number));
    }

    [Fact]
    public async Task ExecuteAsync_FinishedTrials_AreSkippedAndFailedOnesTriedAgain()
    {
        TrialState[] before = [TrialState.Finished, TrialState.Failed, TrialState.Resumable, TrialState.Finished, TrialState.Waiting];
        var ran = new List<int>();
        ExperimentRun run = Run(
            (trial, _, _) =>
            {
                ran.Add(trial.Number);
                return Task.FromResult(new TrialStatus(trial, TrialState.Finished) { Result = Result });
            },
            Experiment.Trials.Select(trial => new TrialStatus(trial, before[trial.Number - 1])));
        await run.ExecuteAsync(1, TestContext.Current.CancellationToken);
        Assert.Equal([2, 3, 5], ran);
    }

    [Fact]
    public async Task ExecuteAsync_Cancelled_WaitsForWhatRunsAndBeginsNothing()
    {
        using var end = new CancellationTokenSource();
        int saved = 0;
        ExperimentRun run = Run(async (trial, _, cancellationToken) =>
        {
            if (trial.Number == 2)
                await end.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
            Interlocked.Increment(ref saved);
            return new TrialStatus(trial, TrialState.Resumable);
        });
        IReadOnlyList<TrialStatus> trials = await run.ExecuteAsync(2, end.Token);
        Assert.Equal(2, saved);
        Assert.Equal([TrialState.Resumable, TrialState.Resumable, TrialState.Waiting, TrialState.Waiting, TrialState.Waiting],
            trials.Select(status => status.State));
    }

    [Fact]
    public async Task ExecuteAsync_Jobs_RunSoManyAtATime()
    {
        int running = 0, most = 0;
        using var two = new Barrier(2);
        ExperimentRun run = Run(
            (trial, _, _) => Task.Run(() =>
            {
                most = Math.Max(most, Interlocked.Increment(ref running));
                // Passes only when two threads are here at once.
                two.SignalAndWait(TestContext.Current.CancellationToken);
                Interlocked.Decrement(ref running);
                return new TrialStatus(trial, TrialState.Finished) { Result = Result };
            }),
            Waiting.Take(4));
        await run.ExecuteAsync(2, TestContext.Current.CancellationToken);
        Assert.Equal(2, most);
    }

    [Fact]
    public async Task ExecuteAsync_Progress_IsToldWithItsTrial()
    {
        ExperimentRun run = Run(
            (trial, progress, _) =>
            {
                progress.Report(new EpochMetrics
                {
                    Epoch = 1,
                    Step = 1,
                    GradientNorm = 1,
                    LearningRate = 1,
                    Seconds = 1,
                    ElapsedSeconds = 1,
                });
                return Task.FromResult(new TrialStatus(trial, TrialState.Finished) { Result = Result });
            },
            Waiting.Take(1));
        await run.ExecuteAsync(1, TestContext.Current.CancellationToken);
        Assert.Equal([(TrialState.Running, null), (TrialState.Running, 1), (TrialState.Finished, null)],
            _told.Select(status => (status.State, status.Progress?.Epoch)));
    }

    private sealed class Told(List<TrialStatus> told) : IProgress<TrialStatus>
    {
        public void Report(TrialStatus value) => told.Add(value);
    }
}
