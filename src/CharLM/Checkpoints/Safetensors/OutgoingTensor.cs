using System.Runtime.InteropServices;

namespace CharLM.Checkpoints.Safetensors;

/// <summary>A tensor that is to be written into a safetensors file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">Its values, row-major: an array of float or int.</param>
internal sealed record OutgoingTensor(string Name, IReadOnlyList<long> Shape, Array Values)
{
    /// <summary>The element type in the format's spelling.</summary>
    public string DType => Values is int[]? SafetensorsFile.CountType : SafetensorsFile.WeightType;

    /// <summary>Its bytes.</summary>
    public ReadOnlySpan<byte> Bytes => Values switch
    {
        float[] floats => MemoryMarshal.AsBytes<float>(floats),
        int[] integers => MemoryMarshal.AsBytes<int>(integers),
        _ => throw new InvalidOperationException($"{Values.GetType()} has no place in a file"),
    };
}
