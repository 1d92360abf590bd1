namespace TorchSharp.Utils;

/// <summary>Whole numbers in as many bytes as they need, seven bits a byte: TorchSharp's own file format counts with them.</summary>
internal static class LEB128
{
    internal static void Encode(this BinaryWriter writer, long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        writer.Write7BitEncodedInt64(value);
    }

    internal static long Decode(this BinaryReader reader) => reader.Read7BitEncodedInt64();
}
