using CharLM.Checkpoints;
using CharLM.Evaluation;

namespace CharLM.Workbench.Runs;

/// <summary>What counting n-grams came to.</summary>
/// <param name="Checkpoint">The counts.</param>
/// <param name="TrainTokens">Tokens that were counted.</param>
/// <param name="Seconds">Seconds of counting.</param>
/// <param name="HeldOut">The measure of the held-out part; null when there is none.</param>
/// <param name="Compressors">What compressors need for it; empty when they were not asked for.</param>
public sealed record NGramResult(
    NGramCheckpoint Checkpoint, int TrainTokens, double Seconds, EvaluationReport? HeldOut, IReadOnlyList<CompressorBaseline> Compressors);
