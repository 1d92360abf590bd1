using CharLM.Checkpoints;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>How a run of any kind ended.</summary>
/// <param name="LastEpoch">The last epoch that was finished in this process; null when none was.</param>
/// <param name="Figures">What was reached, earlier processes included.</param>
/// <param name="Steps">Minibatches that were learned since the run began.</param>
/// <param name="StoppedEarly">Whether what is held out became no better for as long as the run was to wait.</param>
/// <param name="Interrupted">Whether the run was asked to end before its last epoch.</param>
/// <param name="Sample">The last sample; null when the run was interrupted, or there was nothing to show.</param>
/// <param name="CheckpointPath">The checkpoint that was written.</param>
/// <param name="BestCheckpointPath">The model that is best on what is held out; null when nothing is.</param>
/// <param name="RunDirectory">Where all of the run is; null when only a checkpoint is written.</param>
internal sealed record RunOutcome(
    EpochReport? LastEpoch, Figures Figures, long Steps, bool StoppedEarly, bool Interrupted, string? Sample, string CheckpointPath, string? BestCheckpointPath, string? RunDirectory);
