using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CharLM.Checkpoints.Safetensors;

/// <summary>
/// Safetensors files as bytes: opened with one kind of error whatever is wrong, written whole or not at all. What the
/// header of one may say is <see cref="SafetensorsHeader"/>'s to check.
/// </summary>
internal static class SafetensorsFile
{
    /// <summary>The element type of weights that this toolkit writes.</summary>
    public const string WeightType = "F32";

    /// <summary>The element type of counts that this toolkit writes.</summary>
    public const string CountType = "I32";

    /// <summary>Takes the parts of a file, one after the other.</summary>
    public delegate void Sink(ReadOnlySpan<byte> bytes);

    /// <summary>Opens a file and reads from it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">Reads; a <see cref="FormatException"/> says what is wrong with the content.</param>
    /// <exception cref="CheckpointException">The file is missing, unreadable, or not what it should be.</exception>
    public static T Read<T>(string path, Func<FileStream, T> read)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return stream.CanSeek ? read(stream) : throw new FormatException("is a pipe or a device; a file is due, in which one can go back");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException(path, "there is no such file", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new CheckpointException(path, Directory.Exists(path) ? "is a folder, not a file" : "may not be read", e);
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            throw new CheckpointException(path, FirstLine(e), e);
        }
    }

    /// <summary>Writes a file; a reader sees the old one or the new one, never a part.</summary>
    /// <exception cref="CheckpointException">The file cannot be written; an old one is as it was.</exception>
    public static void Write(string path, byte[] header, IReadOnlyList<OutgoingTensor> tensors, Action? replacing = null)
    {
        try
        {
            AtomicFile.Write(path, stream => WriteParts(stream.Write, header, tensors), replacing);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string old = File.Exists(path) ? "; the file that was there is untouched" : "";
            throw new CheckpointException(path, $"cannot be written: {FirstLine(e)}{old}", e);
        }
    }

    /// <summary>The parts of a file, in order.</summary>
    public static void WriteParts(Sink write, byte[] header, IReadOnlyList<OutgoingTensor> tensors)
    {
        Span<byte> length = stackalloc byte[SafetensorsHeader.LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        write(length);
        write(header);
        foreach (OutgoingTensor tensor in tensors)
            write(tensor.Bytes);
    }

    /// <summary>Weights in the order of a file: by name, so that the same weights give the same bytes.</summary>
    public static IReadOnlyList<OutgoingTensor> InOrder(IReadOnlyDictionary<string, WeightArray> weights) =>
        [.. weights.Select(entry => new OutgoingTensor(entry.Key, entry.Value.Shape, entry.Value.Values)).OrderBy(tensor => tensor.Name, StringComparer.Ordinal)];

    /// <summary>The header of a file.</summary>
    /// <param name="metadata">Free text, in this order.</param>
    /// <param name="tensors">In the order of their bytes.</param>
    public static byte[] Header(IEnumerable<KeyValuePair<string, string>> metadata, IReadOnlyList<OutgoingTensor> tensors)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach ((string key, string text) in metadata)
                json.WriteString(key, text);
            json.WriteEndObject();
            long place = 0;
            foreach (OutgoingTensor tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.DType);
                WriteNumbers(json, "shape", tensor.Shape);
                WriteNumbers(json, "data_offsets", [place, place += tensor.Bytes.Length]);
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

    private static string FirstLine(Exception e) => e.Message.Split('\n')[0].TrimEnd();
}
