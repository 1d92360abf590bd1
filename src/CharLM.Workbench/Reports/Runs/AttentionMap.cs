namespace CharLM.Workbench.Reports.Runs;

/// <summary>Where an encoder-decoder looked while it wrote.</summary>
/// <param name="Source">The characters of the source.</param>
/// <param name="Written">What it wrote, token by token, the end token included.</param>
/// <param name="Weights">How much of each character of the source was in each token, [written][source]; a row's sum is 1.</param>
public sealed record AttentionMap(IReadOnlyList<string> Source, IReadOnlyList<string> Written, IReadOnlyList<IReadOnlyList<double>> Weights);
