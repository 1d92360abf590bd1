using System.Runtime.InteropServices;

namespace CharLM.Checkpoints.Safetensors;

/// <summary>Reads the floating-point tensors of foreign files as float32.</summary>
internal static class FloatTensor
{
    // A multiple of every element's size.
    private const int BlockBytes = 64 << 10;

    /// <summary>The element types that can be read.</summary>
    public static IReadOnlyList<string> Types { get; } = ["F32", "F64", "F16", "BF16"];

    /// <summary>Reads values, block by block: a float64 file needs no more memory than its float32 values.</summary>
    /// <param name="stream">Where they begin.</param>
    /// <param name="type">One of <see cref="Types"/>.</param>
    /// <param name="count">How many.</param>
    public static float[] Read(Stream stream, string type, long count)
    {
        int elementBytes = SafetensorsHeader.ElementBytes[type];
        var values = new float[count];
        var block = new byte[Math.Min(BlockBytes, count * elementBytes)];
        for (int done = 0; done < values.Length;)
        {
            int some = Math.Min(values.Length - done, BlockBytes / elementBytes);
            Span<byte> bytes = block.AsSpan(0, some * elementBytes);
            stream.ReadExactly(bytes);
            Widen(type, bytes, values.AsSpan(done, some));
            done += some;
        }
        return values;
    }

    /// <summary>A tensor of values that must be numbers.</summary>
    /// <exception cref="FormatException">A value is not finite, or too large for float32.</exception>
    public static WeightArray Finite(StoredTensor tensor, float[] values)
    {
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
