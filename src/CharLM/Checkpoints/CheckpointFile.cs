using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using CharLM.Models;

namespace CharLM.Checkpoints;

/// <summary>
/// Reads and writes checkpoints: one safetensors file, weights as little-endian float32 under PyTorch's names, all else
/// as JSON in its metadata. Any safetensors library can read the weights; nothing in the file is ever executed.
/// </summary>
/// <remarks>
/// The metadata's <c>checksum</c> is the SHA-256 of the whole file with its own 64 digits read as zeros: a flipped bit
/// anywhere is found, in the weights as in the configuration.
/// </remarks>
public static class CheckpointFile
{
    private const string ChecksumKey = "checksum";

    private static readonly string NoChecksum = new('0', 2 * SHA256.HashSizeInBytes);

    /// <summary>Writes a checkpoint; a reader sees the old file or the new one, never a part.</summary>
    /// <exception cref="CheckpointException">The file cannot be written; an old one is as it was.</exception>
    public static void Write(string path, Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        IReadOnlyList<(string Name, WeightArray Weight)> weights = SafetensorsFile.InOrder(checkpoint.Weights);
        byte[] header = SafetensorsFile.Header([new(ChecksumKey, NoChecksum), .. CheckpointMetadata.Write(checkpoint)], weights);
        using (var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
        {
            SafetensorsFile.WriteParts(hash.AppendData, header, weights);
            Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash.GetHashAndReset())).CopyTo(header, ChecksumPlace(header));
        }
        SafetensorsFile.Write(path, header, weights);
    }

    /// <summary>Reads a checkpoint; everything is checked before weights are allocated.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign or from a newer toolkit.</exception>
    public static Checkpoint Read(string path) => SafetensorsFile.Read(path, Read);

    private static Checkpoint Read(FileStream stream)
    {
        byte[] headerBytes = SafetensorsHeader.ReadBytes(stream);
        SafetensorsHeader header = SafetensorsHeader.Parse(headerBytes, stream.Length);
        Checkpoint checkpoint = CheckpointMetadata.Read(header.Metadata);
        CheckShapes(header, WeightShapes.Of(checkpoint.Model, checkpoint.Vocab.Count));
        CheckChecksum(stream, headerBytes, header);

        stream.Position = header.DataBegin;
        var weights = new Dictionary<string, WeightArray>(StringComparer.Ordinal);
        foreach (StoredTensor tensor in header.Tensors)
        {
            var values = new float[(tensor.End - tensor.Begin) / sizeof(float)];
            stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            weights[tensor.Name] = new WeightArray(tensor.Shape, values);
        }
        return checkpoint with { Weights = weights };
    }

    private static void CheckShapes(SafetensorsHeader header, IReadOnlyDictionary<string, long[]> expected)
    {
        foreach (StoredTensor tensor in header.Tensors)
        {
            if (!expected.TryGetValue(tensor.Name, out long[]? shape))
                throw new FormatException($"has a weight '{tensor.Name}' that its model has not");
            if (tensor.DType != SafetensorsFile.WeightType)
                throw new FormatException($"has the weight '{tensor.Name}' as {tensor.DType}, not {SafetensorsFile.WeightType}");
            if (!shape.SequenceEqual(tensor.Shape))
                throw new FormatException($"has the weight '{tensor.Name}' in shape [{string.Join(", ", tensor.Shape)}] where its model has [{string.Join(", ", shape)}]");
        }
        if (expected.Keys.Except(header.Tensors.Select(tensor => tensor.Name)).FirstOrDefault() is { } missing)
            throw new FormatException($"lacks the weight '{missing}'");
    }

    private static void CheckChecksum(Stream stream, byte[] headerBytes, SafetensorsHeader header)
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
