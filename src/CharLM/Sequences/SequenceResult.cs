using CharLM.Training;

namespace CharLM.Sequences;

/// <summary>How a <see cref="SequenceRun"/> ended.</summary>
/// <param name="LastEpoch">The last finished epoch of this run; null when none was finished.</param>
/// <param name="HeldOut">What the held-out pairs told after it; empty when none are held out.</param>
/// <param name="EpochsDone">Epochs that are finished, those of earlier runs included.</param>
/// <param name="Interrupted">Whether the run was asked to end before its last epoch.</param>
public sealed record SequenceResult(EpochReport? LastEpoch, IReadOnlyList<Measure> HeldOut, int EpochsDone, bool Interrupted);
