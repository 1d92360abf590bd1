using System.Diagnostics;
using CharLM.Checkpoints;
using CharLM.Training;

namespace CharLM.Sequences;

/// <summary>A whole training run of a model on pairs: epochs, measures of held-out pairs, checkpoints.</summary>
public sealed class SequenceRun
{
    /// <summary>What is trained.</summary>
    public required ISequenceTask Task { get; init; }

    /// <summary>How.</summary>
    public required TrainerConfig Training { get; init; }

    /// <summary>Measures the held-out pairs, the most important figure first; null when none are held out.</summary>
    public Func<CancellationToken, IReadOnlyList<Measure>>? Measure { get; init; }

    /// <summary>Writes the checkpoint.</summary>
    public required Action<string, Figures> Save { get; init; }

    /// <summary>Where the checkpoint is written.</summary>
    public required string CheckpointPath { get; init; }

    /// <summary>The checkpoint is written after every so many epochs, and at the end; 0 only at the end.</summary>
    public int CheckpointEvery { get; init; }

    /// <summary>What an earlier run had reached.</summary>
    public Figures Start { get; init; } = new();

    /// <summary>Trains to the last epoch, or until the run is cancelled; the checkpoint is written either way.</summary>
    /// <param name="progress">Told of everything.</param>
    /// <param name="cancellationToken">Ends the run after the current minibatch.</param>
    /// <exception cref="TrainingDivergedException">The loss is no longer finite; an older checkpoint is as it was.</exception>
    /// <exception cref="CheckpointException">The checkpoint cannot be written.</exception>
    public SequenceResult Execute(IProgress<SequenceEvent>? progress = null, CancellationToken cancellationToken = default)
    {
        using var trainer = new SequenceTrainer(Task, Training);
        Figures figures = Start;
        EpochReport? last = null;
        IReadOnlyList<Measure> measures = [];
        var clock = Stopwatch.StartNew();
        bool interrupted = false;
        try
        {
            while (figures.Epochs < Training.NumEpochs)
            {
                EpochReport report = trainer.TrainEpoch(figures.Epochs, progress is null ? null : new StepProgress(progress), cancellationToken);
                figures = figures with { Epochs = report.Epoch, TrainPerplexity = report.Train.Perplexity, TrainedSeconds = figures.TrainedSeconds + report.Seconds };
                measures = Measure?.Invoke(cancellationToken) ?? [];
                trainer.EpochEnded(measures.Count > 0 ? 1 - measures[0].Value : report.Train.Mean);
                double elapsed = clock.Elapsed.TotalSeconds;
                last = report with { ElapsedSeconds = elapsed, RemainingSeconds = elapsed / (report.Epoch - Start.Epochs) * (report.NumEpochs - report.Epoch) };
                progress?.Report(new SequenceEvent.Epoch(last, measures));
                if (CheckpointEvery > 0 && figures.Epochs % CheckpointEvery == 0 && figures.Epochs < Training.NumEpochs)
                    SaveTo(CheckpointPath, figures, progress);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            interrupted = true;
        }
        SaveTo(CheckpointPath, figures, progress);
        return new SequenceResult(last, measures, figures.Epochs, interrupted);
    }

    private void SaveTo(string path, Figures figures, IProgress<SequenceEvent>? progress)
    {
        Save(path, figures);
        progress?.Report(new SequenceEvent.Saved(path));
    }

    private sealed class StepProgress(IProgress<SequenceEvent> progress) : IProgress<StepReport>
    {
        public void Report(StepReport value) => progress.Report(new SequenceEvent.Step(value));
    }
}
