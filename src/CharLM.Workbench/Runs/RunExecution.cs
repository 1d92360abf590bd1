using System.Diagnostics;
using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>
/// Drives a run of any kind: after each epoch it measures, reports, samples and saves; it ends after the last, when nothing
/// becomes better, or when it is asked to.
/// </summary>
/// <param name="config">All of it.</param>
/// <param name="task">What is trained.</param>
/// <param name="start">What it goes on from; null for a new model.</param>
/// <param name="session">Where all of the run is written; null when only the configuration's checkpoint is.</param>
/// <param name="progress">Told of everything as it happens.</param>
/// <param name="clock">Tells when a checkpoint is due.</param>
internal sealed class RunExecution(
    RunSettings config, IRunTask task, IRunCheckpoint? start, RunSession? session, IProgress<RunEvent>? progress, TimeProvider clock)
{
    private const int EpochsOfRate = 5;

    private readonly Queue<double> _ends = [];
    private readonly RunKind _kind = RunKind.Of(config.ModelKind);
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly CheckpointPace _pace = new(config.CheckpointEvery, clock);
    // A file that is only gone on from, to learn something else, brings its weights alone.
    private readonly ResumeState? _before = session is { IsResumed: true } ? start?.Resume : null;
    private EpochMetrics? _last;
    private long _step;
    private bool _stopped;
    // A run by steps learns all of its steps, whatever its first weights had learned.
    private TrainingProgress _figures = start is not null && (session is { IsResumed: true } || config.Training.EpochLength == 0)
        ? start.Progress : new TrainingProgress();

    // The best model, until there is time to write it: never later than the next checkpoint, which does not find it again.
    private IRunCheckpoint? _best;

    private bool Continues => !_stopped && _figures.Epochs < config.Training.EpochCount;

    private double Elapsed => (_before?.ElapsedSeconds ?? 0) + _clock.Elapsed.TotalSeconds;

    private string CheckpointPath => session?.Directory.LastCheckpointPath ?? config.CheckpointPath;

    /// <summary>Takes the trainer to where the checkpoint was written.</summary>
    /// <exception cref="CheckpointException">The checkpoint is of another optimizer, batch size or text.</exception>
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
        (_step, _stopped) = (_before.Step, IsWaitedOut());
    }

    /// <summary>Trains to the last epoch, or until it is cancelled; either way the checkpoint is written.</summary>
    /// <param name="description">What is trained on what.</param>
    /// <param name="cancellationToken">Ends the run after the current minibatch.</param>
    public RunResult Execute(RunDescription description, CancellationToken cancellationToken)
    {
        progress?.Report(new RunEvent.Started(description));
        bool interrupted = false;
        string? sample = null;
        UnseenFigures? unseen = null;
        // What a new run begins with may be gone when it goes on.
        if (start is not null && session is { IsResumed: false })
            Save();
        try
        {
            while (Continues)
                Epoch(cancellationToken);
            // Before the checkpoint: a run that goes on beyond its last epoch keeps what was drawn after it.
            sample = Sample(isLast: true);
            Save(copies: true);
            unseen = MeasureUnseen(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            interrupted = true;
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

    // Trains one epoch and reports, samples and saves where they are due.
    private void Epoch(CancellationToken cancellationToken)
    {
        EpochReport report = task.Trainer.TrainEpoch(_figures.Epochs, new StepProgress(this), cancellationToken);
        (LossSum? loss, IReadOnlyList<Metric> metrics) = task.MeasureHeldOut(cancellationToken);
        // Of a measure, more is better; the schedule takes what less is better of.
        TrainingDivergedException.ThrowIfDiverged(report, loss);
        task.Trainer.EpochEnded(metrics.Count > 0 ? 1 - metrics[0].Value : (loss ?? report.Train).Mean);
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
        if (!Continues)
            return;
        if (config.SamplesAfter(done))
            Sample();
        if (_pace.IsDueAfterEpoch(done))
            Save();
    }

    // The first epoch compiles, and the machine is another one now and then: the last epochs tell best how long the others will take.
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

    private bool IsWaitedOut() => config.Patience > 0 && _figures.Epochs - _figures.BestEpoch >= config.Patience;

    private string? Sample(bool isLast = false)
    {
        if (task.Sample() is not { } sample)
            return null;
        session?.Record(_figures.Epochs, sample);
        progress?.Report(new RunEvent.Sample(_figures.Epochs, sample, isLast));
        return sample;
    }

    // The weights are those after the last step, in the middle of an epoch, too.
    private void Stepped(StepReport step)
    {
        _step++;
        progress?.Report(new RunEvent.Step(step));
        if (_pace.IsDueAfterStep(_step))
            Save();
    }

    private void Save(bool copies = false)
    {
        SaveBest();
        _pace.Write(() =>
        {
            if (session is null)
                _kind.Write(config.CheckpointPath, task.Checkpoint(_figures, null));
            else
                session.Save(task.Checkpoint(_figures, session.Mark(task.Trainer.CopyState(), _step, Elapsed)));
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
