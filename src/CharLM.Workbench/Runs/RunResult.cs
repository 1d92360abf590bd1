using CharLM.Checkpoints;
using CharLM.Evaluation;

namespace CharLM.Workbench.Runs;

/// <summary>How a run ended, whatever it trained.</summary>
public sealed record RunResult
{
    /// <summary>What was trained on what.</summary>
    public required RunDescription Description { get; init; }

    /// <summary>The last epoch that was finished in this process; null when none was.</summary>
    public required EpochMetrics? LastEpoch { get; init; }

    /// <summary>What was reached, earlier processes included.</summary>
    public required TrainingProgress Progress { get; init; }

    /// <summary>Minibatches that were learned since the run began.</summary>
    public required long Steps { get; init; }

    /// <summary>Whether what is held out became no better for as long as the run was to wait.</summary>
    public required bool StoppedEarly { get; init; }

    /// <summary>Whether the run was asked to end before its last epoch.</summary>
    public required bool Interrupted { get; init; }

    /// <summary>The last sample; null when the run was interrupted, or there was nothing to show.</summary>
    public required string? Sample { get; init; }

    /// <summary>How the best model does on text that its training did not see; null when it saw all, and for pairs.</summary>
    public UnseenFigures? Unseen { get; init; }

    /// <summary>The checkpoint that was written.</summary>
    public required string CheckpointPath { get; init; }

    /// <summary>Where the model of <see cref="Best"/> is; null when nothing is held out.</summary>
    public required string? BestCheckpointPath { get; init; }

    /// <summary>Where all of the run is; null when only a checkpoint is written.</summary>
    public string? RunDirectory => Description.RunDirectory;

    /// <summary>Epochs that are finished, those of earlier processes included.</summary>
    public int EpochsDone => Progress.Epochs;

    /// <summary>
    /// The best on what is held out, by the figure that counts, and after how many epochs: the least loss in nats, or of pairs the
    /// greatest accuracy or exact match. Null when nothing is held out.
    /// </summary>
    public (string Figure, double Value, int Epoch)? Best => Progress switch
    {
        { BestHeldOutMeasure: { } value, BestEpoch: { } epoch } =>
            (LastEpoch?.HeldOut?.Keys.Select(Metric.NameOf).FirstOrDefault() ?? "figure", value, epoch),
        { BestHeldOutLoss: { } loss, BestEpoch: { } epoch } => ("loss", loss, epoch),
        _ => null,
    };
}
