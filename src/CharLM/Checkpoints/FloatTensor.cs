using System.Runtime.InteropServices;

namespace CharLM.Checkpoints;

/// <summary>Reads the floating-point tensors of foreign safetensors files as float32.</summary>
internal static class FloatTensor
{
    // A multiple of every element's size.
    private const int BlockBytes = 64 << 10;

    /// <summary>The element types that can be read.</summary>
    public static IReadOnlyList<string> Types { get; } = ["F32", "F64", "F16", "BF16"];

    /// <summary>Reads a tensor, block by block: a float64 file needs no more memory than its float32 values.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="header">Its header.</param>
    /// <param name="tensor">One of its tensors, of one of <see cref="Types"/>.</param>
    /// <exception cref="FormatException">A value is not finite, or too large for float32.</exception>
    public static WeightArray Read(Stream stream, SafetensorsHeader header, StoredTensor tensor)
    {
        int elementBytes = tensor.DType switch { "F64" => 8, "F32" => 4, _ => 2 };
        var values = new float[(tensor.End - tensor.Begin) / elementBytes];
        var block = new byte[Math.Min(BlockBytes, values.LongLength * elementBytes)];
        stream.Position = header.DataBegin + tensor.Begin;
        for (int done = 0; done < values.Length;)
        {
            int count = Math.Min(values.Length - done, BlockBytes / elementBytes);
            Span<byte> bytes = block.AsSpan(0, count * elementBytes);
            stream.ReadExactly(bytes);
            Widen(tensor.DType, bytes, values.AsSpan(done, count));
            done += count;
        }
        int wrong = Array.FindIndex(values, value => !float.IsFinite(value));
        if (wrong >= 0)
            throw new FormatException($"has the weight '{tensor.Name}' with a value that is not finite in float32 (number {wrong})");
        return new WeightArray(tensor.Shape, values);
    }

    private static void Widen(string type, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        switch (type)
        {
            case "F32":
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values);
                break;
            case "F64":
                ReadOnlySpan<double> doubles = MemoryMarshal.Cast<byte, double>(bytes);
                for (int i = 0; i < values.Length; i++)
                    values[i] = (float)doubles[i];
                break;
            case "F16":
                ReadOnlySpan<Half> halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (int i = 0; i < values.Length; i++)
                    values[i] = (float)halves[i];
                break;
            case "BF16":
                // bfloat16 is the upper half of a float32.
                ReadOnlySpan<ushort> uppers = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < values.Length; i++)
                    values[i] = BitConverter.UInt32BitsToSingle((uint)uppers[i] << 16);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, $"not one of {string.Join(", ", Types)}");
        }
    }
}
