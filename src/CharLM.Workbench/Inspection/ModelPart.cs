namespace CharLM.Workbench.Inspection;

/// <summary>One list of numbers of a saved model.</summary>
/// <param name="Name">A weight by PyTorch's name, or the n-grams of one length.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Count">How many numbers it has.</param>
public sealed record ModelPart(string Name, IReadOnlyList<long> Shape, long Count);
