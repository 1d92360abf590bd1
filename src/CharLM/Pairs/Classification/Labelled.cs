namespace CharLM.Pairs.Classification;

/// <summary>A label that a model gave.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Label">Its number.</param>
/// <param name="Probability">How sure the model is, 0 to 1.</param>
public readonly record struct Labelled(int Label, double Probability);
