namespace CharLM.Models.Fused;

/// <summary>A weight as it lies in a torch tensor, and the place of its gradient; both row-major.</summary>
/// <param name="name">PyTorch's name.</param>
/// <param name="value">The tensor's memory.</param>
/// <param name="gradient">Where the gradient goes.</param>
/// <param name="shape">The tensor's shape.</param>
internal sealed unsafe class RawWeight(string name, float* value, float* gradient, long[] shape)
{
    /// <summary>PyTorch's name.</summary>
    public string Name { get; } = name;

    /// <summary>The tensor's memory.</summary>
    public float* Value { get; } = value;

    /// <summary>Where the gradient goes.</summary>
    public float* Gradient { get; } = gradient;

    /// <summary>The tensor's shape.</summary>
    public long[] Shape { get; } = shape;

    /// <summary>Elements.</summary>
    public int Length { get; } = checked((int)shape.Aggregate(1L, (product, size) => product * size));
}
