namespace CharLM.Checkpoints;

/// <summary>One weight of a model, outside torch.</summary>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">Its values, row-major.</param>
public sealed record WeightArray(IReadOnlyList<long> Shape, float[] Values);
