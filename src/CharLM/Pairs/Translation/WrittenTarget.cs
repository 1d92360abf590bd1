namespace CharLM.Pairs.Translation;

/// <summary>What a model wrote for one source.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Ids">The tokens that were written, the end token included; at the greatest length it is taken whatever else was more probable.</param>
/// <param name="LogProbability">The logarithm of their probability, nats.</param>
/// <param name="Attention">How much of each source step was in each written token, [tokens][source steps]; null when not asked for, or without attention.</param>
public sealed record WrittenTarget(IReadOnlyList<int> Ids, double LogProbability, IReadOnlyList<float[]>? Attention);
