using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace CharLM.Checkpoints.Safetensors;

/// <summary>
/// Safetensors files with a checksum: the metadata's <c>checksum</c> is the SHA-256 of the whole file with its own 64 digits read as
/// zeros. It detects a flipped bit anywhere, in the weights and in the configuration.
/// </summary>
internal static class ChecksummedFile
{
    private const string ChecksumKey = "checksum";

    private static readonly string NoChecksum = new('0', 2 * SHA256.HashSizeInBytes);

    /// <summary>Writes a file; readers see the old one or the new one, never a part.</summary>
    /// <exception cref="CheckpointException">The file cannot be written; an old one is unchanged.</exception>
    public static void Write(
        string path, IEnumerable<KeyValuePair<string, string>> metadata, IReadOnlyList<OutgoingTensor> tensors, Action? replacing = null)
    {
        byte[] header = SafetensorsFile.Header([new(ChecksumKey, NoChecksum), .. metadata], tensors);
        using (var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
        {
            SafetensorsFile.WriteParts(hash.AppendData, header, tensors);
            Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash.GetHashAndReset())).CopyTo(header, ChecksumPlace(header));
        }
        SafetensorsFile.Write(path, header, tensors, replacing);
    }

    /// <summary>Checks a file against its checksum.</summary>
    /// <exception cref="FormatException">It has no checksum, or the checksum does not match.</exception>
    public static void Check(Stream stream, byte[] headerBytes, SafetensorsHeader header)
    {
        string written = header.Metadata.GetValueOrDefault(ChecksumKey, "");
        int place = ChecksumPlace(headerBytes, written);
        if (written.Length != NoChecksum.Length || place < 0)
            throw new FormatException("has no checksum");

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[SafetensorsHeader.LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)headerBytes.Length);
        hash.AppendData(length);
        byte[] zeroed = [.. headerBytes];
        zeroed.AsSpan(place, NoChecksum.Length).Fill((byte)'0');
        hash.AppendData(zeroed);
        stream.Position = header.DataBegin;
        var block = new byte[64 << 10];
        for (int read; (read = stream.Read(block)) > 0;)
            hash.AppendData(block, 0, read);
        string actual = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (actual != written)
            throw new FormatException($"is damaged: its SHA-256 is {actual}, but it was written with {written}");
    }

    private static int ChecksumPlace(ReadOnlySpan<byte> header, string? checksum = null) =>
        header.IndexOf(Encoding.ASCII.GetBytes($"\"{ChecksumKey}\":\"{checksum ?? NoChecksum}\"")) is >= 0 and int place
            ? place + ChecksumKey.Length + 4
            : -1;
}
