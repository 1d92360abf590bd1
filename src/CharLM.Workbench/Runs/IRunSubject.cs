using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>What a run trains: all that <see cref="RunExecution{TConfig, TCheckpoint}"/> asks of it.</summary>
/// <typeparam name="TCheckpoint">What its checkpoints hold.</typeparam>
internal interface IRunSubject<TCheckpoint>
    where TCheckpoint : class, IRunCheckpoint
{
    /// <summary>Trains it.</summary>
    EpochTrainer Trainer { get; }

    /// <summary>Measures what is held out: its nats, and for models on pairs the figures that count, the first before all.</summary>
    /// <returns>Null and nothing when nothing is held out.</returns>
    (Nats? Loss, IReadOnlyList<Measure> Figures) MeasureHeldOut(CancellationToken cancellationToken);

    /// <summary>Shows what the model makes of something; null when there is nothing to show it on.</summary>
    string? Sample();

    /// <summary>What a file of the model holds, its weights copied.</summary>
    /// <param name="figures">What training has reached.</param>
    /// <param name="resume">What is needed to go on; null for a model that is only to be used.</param>
    TCheckpoint Checkpoint(Figures figures, ResumeState? resume);

    /// <summary>The line of an epoch in the metrics.</summary>
    object Metrics(EpochReport epoch, long step);

    /// <summary>How the run ended, for result.json.</summary>
    object Summary(RunOutcome outcome);
}
