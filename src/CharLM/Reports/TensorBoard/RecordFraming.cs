using System.Buffers.Binary;
using System.Numerics;

namespace CharLM.Reports.TensorBoard;

/// <summary>
/// TensorFlow's record format: of each record its length (uint64), the length's checksum, the bytes, and their checksum, all
/// little-endian (tensorflow/core/lib/io/record_writer.h).
/// </summary>
internal static class RecordFraming
{
    /// <summary>Writes a record.</summary>
    public static void Write(Stream stream, ReadOnlySpan<byte> record)
    {
        Span<byte> head = stackalloc byte[12], foot = stackalloc byte[4];
        BinaryPrimitives.WriteUInt64LittleEndian(head, (ulong)record.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], MaskedCrc(head[..8]));
        BinaryPrimitives.WriteUInt32LittleEndian(foot, MaskedCrc(record));
        // In one piece: a reader that follows the file sees no part of a record for longer than must be.
        stream.Write([.. head, .. record, .. foot]);
    }

    // A checksum of data that holds checksums is weak: it is rotated by 15 bits and moved by a constant (crc32c.h).
    private static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }
}
