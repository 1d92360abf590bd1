namespace CharLM.Sequences;

/// <summary>One figure of an evaluation.</summary>
/// <param name="Name">What it is, such as accuracy.</param>
/// <param name="Value">A share, 0 to 1 (a character error rate can be above 1).</param>
public readonly record struct Measure(string Name, double Value);
