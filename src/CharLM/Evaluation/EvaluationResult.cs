namespace CharLM.Evaluation;

/// <summary>What was measured, as figures and token by token.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Report">The figures.</param>
/// <param name="Surprisals">What they are made of.</param>
public sealed record EvaluationResult(EvaluationReport Report, TokenSurprisals Surprisals);
