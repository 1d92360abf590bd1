namespace CharLM.Checkpoints.Safetensors;

/// <summary>A tensor of a safetensors file, not yet read: what the header says of it.</summary>
/// <param name="Name">Its name, such as rnn.weight_ih_l0.</param>
/// <param name="DType">Its element type in the format's spelling, such as F32.</param>
/// <param name="Shape">Its shape, row-major.</param>
/// <param name="Begin">Where its bytes begin, counted from the end of the header.</param>
/// <param name="End">Where its bytes end.</param>
public sealed record StoredTensor(string Name, string DType, IReadOnlyList<long> Shape, long Begin, long End);
