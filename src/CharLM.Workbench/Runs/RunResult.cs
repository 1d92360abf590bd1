using CharLM.Checkpoints;
using CharLM.Evaluation;

namespace CharLM.Workbench.Runs;

/// <summary>The result of a run of any kind.</summary>
public sealed record RunResult
{
    /// <summary>The data and the model.</summary>
    public required RunDescription Description { get; init; }

    /// <summary>The last epoch finished in this process; null if there was none.</summary>
    public required EpochMetrics? LastEpoch { get; init; }

    /// <summary>The progress, including earlier processes.</summary>
    public required TrainingProgress Progress { get; init; }

    /// <summary>Minibatches trained since the run began.</summary>
    public required long Steps { get; init; }

    /// <summary>Whether early stopping ended the run.</summary>
    public required bool StoppedEarly { get; init; }

    /// <summary>Whether the run was interrupted before its last epoch.</summary>
    public required bool Interrupted { get; init; }

    /// <summary>The final sample; null if the run was interrupted or had nothing to sample.</summary>
    public required string? Sample { get; init; }

    /// <summary>The best model's figures on unseen text; null if training saw all, and for pairs.</summary>
    public UnseenFigures? Unseen { get; init; }

    /// <summary>The path of the written checkpoint.</summary>
    public required string CheckpointPath { get; init; }

    /// <summary>The path of the model of <see cref="Best"/>; null if nothing is held out.</summary>
    public required string? BestCheckpointPath { get; init; }

    /// <summary>The run directory; null if only a checkpoint is written.</summary>
    public string? RunDirectory => Description.RunDirectory;

    /// <summary>Finished epochs, including earlier processes.</summary>
    public int EpochsDone => Progress.Epochs;

    /// <summary>
    /// The best held-out figure and its epoch: the lowest loss in nats, or for pairs the highest accuracy or exact match. Null if nothing
    /// is held out.
    /// </summary>
    public (string Figure, double Value, int Epoch)? Best => Progress switch
    {
        { BestHeldOutMeasure: { } value, BestEpoch: { } epoch } =>
            (LastEpoch?.HeldOut?.Keys.Select(Metric.NameOf).FirstOrDefault() ?? "figure", value, epoch),
        { BestHeldOutLoss: { } loss, BestEpoch: { } epoch } => ("loss", loss, epoch),
        _ => null,
    };
}
