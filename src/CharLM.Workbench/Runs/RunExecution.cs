using System.Diagnostics;
using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>
/// Drives a run of any kind: after each epoch it measures, reports, samples and saves; it ends after the last epoch, by early stopping, or
/// on request.
/// </summary>
/// <param name="config">The run's configuration.</param>
/// <param name="task">The training task.</param>
/// <param name="start">The checkpoint to continue; null for a new model.</param>
/// <param name="session">The run directory's session; null if only a checkpoint is written.</param>
/// <param name="progress">Receives the run's events.</param>
/// <param name="clock">The clock for checkpoints.</param>
/// <param name="exchange">The ranks that train together, of which this is rank 0; default null: this process alone.</param>
/// <param name="measuresAsBefore">
/// Whether the checkpoint's held-out figures are of what this run holds out, too; with another text its best counts for nothing.
/// </param>
internal sealed class RunExecution(
    RunSettings config, IRunTask task, IRunCheckpoint? start, RunSession? session, IProgress<RunEvent>? progress, TimeProvider clock,
    IGradientExchange? exchange = null, bool measuresAsBefore = true)
{
    private const int EpochsOfRate = 5;

    private readonly Queue<double> _ends = [];
    private readonly RunKind _kind = RunKind.Of(config.ModelKind);
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly CheckpointPace _pace = new(config.CheckpointEvery, clock);
    // A checkpoint that starts a new run contributes only its weights.
    private readonly ResumeState? _before = session is { IsResumed: true } ? start?.Resume : null;
    private EpochMetrics? _last;
    private long _step;
    private bool _stopped;
    // A run by steps trains all its steps, whatever its initial weights had learned.
    private TrainingProgress _figures = start is not null && (session is { IsResumed: true } || config.Training.EpochLength == 0)
        ? measuresAsBefore ? start.Progress : WithoutHeldOut(start.Progress) : new TrainingProgress();

    // The best model until there is time to write it, at the latest with the next checkpoint, from which a resumed run would not find it
    // again.
    private IRunCheckpoint? _best;

    private bool Continues => !_stopped && _figures.Epochs < config.Training.EpochCount;

    private double Elapsed => (_before?.ElapsedSeconds ?? 0) + _clock.Elapsed.TotalSeconds;

    private string CheckpointPath => session?.Directory.LastCheckpointPath ?? config.CheckpointPath;

    /// <summary>Restores the trainer's state from the checkpoint.</summary>
    /// <exception cref="CheckpointException">The checkpoint has another optimizer, batch size or text.</exception>
    public void Resume()
    {
        if (_before is null)
            return;
        try
        {
            task.Trainer.SetState(_before.Trainer);
        }
        catch (FormatException e)
        {
            throw new CheckpointException(session!.StartPath!, e.Message, e);
        }
        (_step, _stopped) = (_before.Step - (_before.Trainer.Batch - task.Trainer.BatchesDone), IsWaitedOut());
    }

    /// <summary>Trains to the last epoch or until cancelled, and writes the checkpoint either way.</summary>
    /// <param name="description">The data and the model.</param>
    /// <param name="cancellationToken">Ends the run after the current minibatch.</param>
    public RunResult Execute(RunDescription description, CancellationToken cancellationToken)
    {
        progress?.Report(new RunEvent.Started(description));
        task.Trainer.WantsToSave = () => _pace.IsDueAfterStep(_step + 1);
        bool interrupted = false;
        string? sample = null;
        UnseenFigures? unseen = null;
        // Save at once: the initial checkpoint may be gone when the run resumes.
        bool savesStart = start is not null && session is { IsResumed: false };
        Decide(new EpochDecision(_figures.Epochs, 0, Continues, savesStart, Interrupted: false));
        if (savesStart)
            Save();
        try
        {
            while (Continues)
                Epoch(cancellationToken);
            // Before the checkpoint, so that a run extended beyond its last epoch keeps this sample.
            sample = Sample(isLast: true);
            Save(copies: true);
            unseen = MeasureUnseen(cancellationToken);
            Decide(default);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested || task.Trainer.Agreed is { Stop: true })
        {
            interrupted = true;
            // The other ranks know of what they agreed on, and otherwise await a decision.
            if (task.Trainer.Agreed is not { Stop: true })
                Decide(default(EpochDecision) with { Interrupted = true });
            Save(copies: true);
        }
        catch (TrainingDivergedException)
        {
            SaveBest();
            throw;
        }
        var result = new RunResult
        {
            Description = description,
            LastEpoch = _last,
            Progress = _figures,
            Steps = _step,
            StoppedEarly = _stopped,
            Interrupted = interrupted,
            Sample = sample,
            Unseen = unseen,
            CheckpointPath = session?.CopyPath ?? CheckpointPath,
            BestCheckpointPath = _figures.BestEpoch is null ? null : session?.Directory.BestCheckpointPath ?? config.BestCheckpointPath,
        };
        if (!interrupted)
            session?.Complete(task.Summary(result));
        return result;
    }

    // Trains one epoch, then reports, samples and saves as due.
    private void Epoch(CancellationToken cancellationToken)
    {
        EpochReport report = task.Trainer.TrainEpoch(_figures.Epochs, new StepProgress(this), cancellationToken);
        (LossSum? loss, IReadOnlyList<Metric> metrics) = task.MeasureHeldOut(cancellationToken);
        // Figures improve upwards, but the schedule needs a value that improves downwards.
        TrainingDivergedException.ThrowIfDiverged(report, loss);
        double figure = metrics.Count > 0 ? 1 - metrics[0].Value : (loss ?? report.Train).Mean;
        task.Trainer.EpochEnded(figure);
        int done = report.Epoch;
        double remaining = Remaining(config.Training.EpochCount - done);
        _last = EpochMetrics.Of(report, loss, metrics, _step, Elapsed, _kind.IsOnPairs);
        bool isBest = metrics.Count > 0 ? !(metrics[0].Value <= _figures.BestHeldOutMeasure) : loss is { } nats
            && !(nats.Mean >= _figures.BestHeldOutLoss);
        _figures = _figures with
        {
            Epochs = done,
            TrainLoss = _last.TrainLoss,
            HeldOutLoss = _last.HeldOutLoss,
            BestHeldOutLoss = isBest && metrics.Count == 0 ? _last.HeldOutLoss : _figures.BestHeldOutLoss,
            BestHeldOutMeasure = isBest && metrics.Count > 0 ? metrics[0].Value : _figures.BestHeldOutMeasure,
            BestEpoch = isBest ? done : _figures.BestEpoch,
            LongestWait = isBest ? Math.Max(_figures.LongestWait ?? 0, done - 1 - (_figures.BestEpoch ?? done - 1)) : _figures.LongestWait,
            TrainedSeconds = _figures.TrainedSeconds + report.Seconds,
        };
        session?.Record(_last);
        progress?.Report(new RunEvent.Epoch(_last, config.Training.EpochCount, config.Training.TotalSteps, remaining));
        if (isBest)
            _best = task.Checkpoint(_figures, null);
        if (_pace.HasTimeForBest)
            SaveBest();
        _stopped = IsWaitedOut();
        if (_stopped)
            progress?.Report(new RunEvent.StoppedEarly(config.Patience));
        bool saves = Continues && _pace.IsDueAfterEpoch(done);
        Decide(new EpochDecision(done, figure, Continues, saves, Interrupted: false));
        if (Continues && config.SamplesAfter(done))
            Sample();
        if (saves)
            Save();
    }

    // The other ranks wait for it after every epoch, and at the end of the run.
    private void Decide(EpochDecision decision)
    {
        exchange?.Meet();
        exchange?.OfLeader(decision);
    }

    // The first epoch includes compilation, and the machine's speed varies: the last few epochs predict the rest best.
    private double Remaining(int epochs)
    {
        _ends.Enqueue(_clock.Elapsed.TotalSeconds);
        if (_ends.Count > EpochsOfRate + 1)
            _ends.Dequeue();
        double seconds = _clock.Elapsed.TotalSeconds - (_ends.Count > 1 ? _ends.Peek() : 0);
        return seconds / Math.Max(1, _ends.Count - 1) * epochs;
    }

    private UnseenFigures? MeasureUnseen(CancellationToken cancellationToken)
    {
        string bestPath = session?.Directory.BestCheckpointPath ?? config.BestCheckpointPath;
        IRunCheckpoint? best = _figures.BestEpoch is { } epoch && epoch != _figures.Epochs && File.Exists(bestPath)
            ? _kind.Read(bestPath) : null;
        if (task.MeasureUnseen(best, _figures.TrainLoss, cancellationToken) is not { } unseen)
            return null;
        progress?.Report(new RunEvent.Unseen(unseen));
        return unseen;
    }

    private static TrainingProgress WithoutHeldOut(TrainingProgress progress) => progress with
    {
        HeldOutLoss = null,
        BestHeldOutLoss = null,
        BestHeldOutMeasure = null,
        BestEpoch = null,
        LongestWait = null,
    };

    private bool IsWaitedOut() => config.Patience > 0 && _figures.Epochs - _figures.BestEpoch >= config.Patience;

    private string? Sample(bool isLast = false)
    {
        if (task.Sample() is not { } sample)
            return null;
        session?.Record(_figures.Epochs, sample);
        progress?.Report(new RunEvent.Sample(_figures.Epochs, sample, isLast));
        return sample;
    }

    // Called after each step; the weights are current even in the middle of an epoch.
    private void Stepped(StepReport step)
    {
        _step++;
        progress?.Report(new RunEvent.Step(step));
        if (task.Trainer.Agreed is { } agreed ? agreed.Save : _pace.IsDueAfterStep(_step))
            Save();
    }

    private void Save(bool copies = false)
    {
        SaveBest();
        _pace.Write(() =>
        {
            // Of several ranks, all copy: the state of the rows is distributed among them.
            TrainerState? state = session is null && exchange is null ? null : task.Trainer.CopyState();
            if (session is null)
                _kind.Write(config.CheckpointPath, task.Checkpoint(_figures, null));
            else
                session.Save(task.Checkpoint(_figures, session.Mark(state!, _step, Elapsed)));
            if (copies && session?.CopyPath is { } copy)
                _kind.Write(copy, task.Checkpoint(_figures, null));
        });
        progress?.Report(new RunEvent.Saved(CheckpointPath));
    }

    private void SaveBest()
    {
        if (_best is not { } best)
            return;
        _best = null;
        _pace.WriteBest(() =>
        {
            if (session is null)
                _kind.Write(config.BestCheckpointPath, best);
            else
                session.SaveBest(best);
        });
    }

    private sealed class StepProgress(RunExecution run) : IProgress<StepReport>
    {
        public void Report(StepReport value) => run.Stepped(value);
    }
}
