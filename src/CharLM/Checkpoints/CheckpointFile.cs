using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
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
    private const string WeightType = "F32";

    private static readonly string NoChecksum = new('0', 2 * SHA256.HashSizeInBytes);

    /// <summary>Writes a checkpoint; a reader sees the old file or the new one, never a part.</summary>
    /// <exception cref="CheckpointException">The file cannot be written; an old one is as it was.</exception>
    public static void Write(string path, Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        List<(string Name, WeightArray Weight)> weights = [.. checkpoint.Weights.Select(entry => (entry.Key, entry.Value)).OrderBy(entry => entry.Key, StringComparer.Ordinal)];
        byte[] header = HeaderBytes(checkpoint, weights);
        using (var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
        {
            WriteParts(hash.AppendData, header, weights);
            Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash.GetHashAndReset())).CopyTo(header, ChecksumPlace(header));
        }
        try
        {
            AtomicFile.Write(path, stream => WriteParts(stream.Write, header, weights));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string old = File.Exists(path) ? "; the checkpoint that was there is untouched" : "";
            throw new CheckpointException(path, $"cannot be written: {FirstLine(e)}{old}", e);
        }
    }

    /// <summary>Reads a checkpoint; everything is checked before weights are allocated.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign or from a newer toolkit.</exception>
    public static Checkpoint Read(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return Read(stream);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException(path, "there is no such file", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new CheckpointException(path, Directory.Exists(path) ? "is a folder, not a checkpoint" : "may not be read", e);
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            throw new CheckpointException(path, FirstLine(e), e);
        }
    }

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

    private static byte[] HeaderBytes(Checkpoint checkpoint, List<(string Name, WeightArray Weight)> weights)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString(ChecksumKey, NoChecksum);
            foreach ((string key, string text) in CheckpointMetadata.Write(checkpoint))
                json.WriteString(key, text);
            json.WriteEndObject();
            long place = 0;
            foreach ((string name, WeightArray weight) in weights)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", WeightType);
                WriteNumbers(json, "shape", weight.Shape);
                WriteNumbers(json, "data_offsets", [place, place += (long)weight.Values.Length * sizeof(float)]);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (buffer.Length % sizeof(ulong) != 0)
            buffer.WriteByte((byte)' '); // the format wants its data aligned
        return buffer.ToArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IEnumerable<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private delegate void Sink(ReadOnlySpan<byte> bytes);

    private static void WriteParts(Sink write, byte[] header, IEnumerable<(string Name, WeightArray Weight)> weights)
    {
        Span<byte> length = stackalloc byte[SafetensorsHeader.LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        write(length);
        write(header);
        foreach ((_, WeightArray weight) in weights)
            write(MemoryMarshal.AsBytes<float>(weight.Values));
    }

    private static void CheckShapes(SafetensorsHeader header, IReadOnlyDictionary<string, long[]> expected)
    {
        foreach (StoredTensor tensor in header.Tensors)
        {
            if (!expected.TryGetValue(tensor.Name, out long[]? shape))
                throw new FormatException($"has a weight '{tensor.Name}' that its model has not");
            if (tensor.DType != WeightType)
                throw new FormatException($"has the weight '{tensor.Name}' as {tensor.DType}, not {WeightType}");
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

    private static string FirstLine(Exception e) => e.Message.Split('\n')[0].TrimEnd();
}
