namespace CharLM.Classification;

/// <summary>A label that a model gave.</summary>
/// <param name="Label">Its number.</param>
/// <param name="Probability">How sure the model is, 0 to 1.</param>
public readonly record struct Labelled(int Label, double Probability);
