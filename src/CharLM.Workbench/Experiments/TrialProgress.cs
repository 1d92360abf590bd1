namespace CharLM.Workbench.Experiments;

/// <summary>What a trial has reached after an epoch.</summary>
/// <param name="Epoch">Finished epochs.</param>
/// <param name="TrainPerplexity">Perplexity over the last of them.</param>
/// <param name="HeldOutPerplexity">Perplexity of the held-out text after it; null when none is held out.</param>
/// <param name="TokensPerSecond">Tokens learned in a second of training.</param>
public sealed record TrialProgress(int Epoch, double TrainPerplexity, double? HeldOutPerplexity, double TokensPerSecond);
