using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CharLM.Checkpoints.Safetensors;

/// <summary>
/// Safetensors files as bytes: every failure to read one is the same kind of exception, and files are written completely or not at
/// all. <see cref="SafetensorsHeader"/> checks the header.
/// </summary>
internal static class SafetensorsFile
{
    /// <summary>The element type of weights that this toolkit writes.</summary>
    public const string WeightType = "F32";

    /// <summary>The element type of counts that this toolkit writes.</summary>
    public const string CountType = "I32";

    /// <summary>Receives the parts of a file in order.</summary>
    internal delegate void Sink(ReadOnlySpan<byte> bytes);

    /// <summary>Opens a file and reads from it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">Reads the content; throws <see cref="FormatException"/> when it is invalid.</param>
    /// <exception cref="CheckpointException">The file is missing, unreadable or invalid.</exception>
    public static T Read<T>(string path, Func<FileStream, T> read)
    {
        try
        {
            using FileStream stream = SharedFile.OpenRead(path);
            return stream.CanSeek ? read(stream)
                : throw new FormatException("is a pipe or a device; a seekable file is required");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException(path, "there is no such file", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new CheckpointException(path, Directory.Exists(path) ? "is a folder, not a file" : "permission denied", e);
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            throw new CheckpointException(path, FirstLine(e), e);
        }
    }

    /// <summary>Writes a file; readers see the old one or the new one, never a part.</summary>
    /// <exception cref="CheckpointException">The file cannot be written; an old one is unchanged.</exception>
    public static void Write(string path, byte[] header, IReadOnlyList<OutgoingTensor> tensors, Action? replacing = null)
    {
        if ((ulong)header.Length > SafetensorsHeader.MaxHeaderBytes)
        {
            throw new CheckpointException(
                path, $"cannot be written: vocab and settings take {header.Length:N0} bytes, and nobody could read more than "
                    + $"{SafetensorsHeader.MaxHeaderBytes:N0}: take a smaller vocab (min-freq 2, say)");
        }
        try
        {
            AtomicFile.Write(path, stream => WriteParts(stream.Write, header, tensors), replacing);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string old = File.Exists(path) ? "; the existing file is untouched" : "";
            throw new CheckpointException(path, $"cannot be written: {FirstLine(e)}{old}", e);
        }
    }

    /// <summary>Writes the parts of a file in order.</summary>
    public static void WriteParts(Sink write, byte[] header, IReadOnlyList<OutgoingTensor> tensors)
    {
        Span<byte> length = stackalloc byte[SafetensorsHeader.LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        write(length);
        write(header);
        foreach (OutgoingTensor tensor in tensors)
            write(tensor.Bytes);
    }

    /// <summary>Weights sorted by name, so that the same weights give the same bytes.</summary>
    public static IReadOnlyList<OutgoingTensor> InOrder(IReadOnlyDictionary<string, WeightArray> weights) =>
        [.. weights.Select(entry => new OutgoingTensor(entry.Key, entry.Value.Shape, entry.Value.Values))
            .OrderBy(tensor => tensor.Name, StringComparer.Ordinal)];

    /// <summary>The header of a file.</summary>
    /// <param name="metadata">Free text, in this order.</param>
    /// <param name="tensors">The tensors, in the order of their bytes.</param>
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
            buffer.WriteByte((byte)' '); // The format requires aligned data.
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

/// <summary>A tensor as the header of a safetensors file describes it, not yet read.</summary>
/// <param name="Name">Its name, such as rnn.weight_ih_l0.</param>
/// <param name="DType">Its element type in the format's spelling, such as F32.</param>
/// <param name="Shape">Its shape, row-major.</param>
/// <param name="Begin">Where its bytes begin, counted from the end of the header.</param>
/// <param name="End">Where its bytes end.</param>
internal sealed record StoredTensor(string Name, string DType, IReadOnlyList<long> Shape, long Begin, long End);

/// <summary>A tensor to write to a safetensors file.</summary>
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
        _ => throw new InvalidOperationException($"{Values.GetType()} cannot be stored in a file"),
    };
}

/// <summary>Reads the floating-point tensors of foreign files as float32.</summary>
internal static class FloatTensor
{
    // A multiple of every element's size.
    private const int BlockBytes = 64 << 10;

    /// <summary>The readable element types.</summary>
    public static IReadOnlyList<string> Types { get; } = ["F32", "F64", "F16", "BF16"];

    /// <summary>Reads values block by block, so that a float64 file needs no more memory than its float32 values.</summary>
    /// <param name="stream">The stream, at the first value.</param>
    /// <param name="type">One of <see cref="Types"/>.</param>
    /// <param name="count">The number of values.</param>
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

    /// <summary>A tensor whose values must be finite.</summary>
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
