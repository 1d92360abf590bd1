using System.Text.Json;
using System.Text.Unicode;

namespace CharLM.Checkpoints.Safetensors;

/// <summary>
/// The header of a safetensors file: an 8-byte length, then JSON with an entry for each tensor and free-text metadata
/// (https://github.com/huggingface/safetensors). Every number is checked against the file before anything is allocated.
/// </summary>
/// <param name="Tensors">The tensors in order of their bytes, which fill the rest of the file without gap or overlap.</param>
/// <param name="Metadata">Free text.</param>
/// <param name="DataBegin">The file offset at which the tensors' bytes begin.</param>
internal sealed record SafetensorsHeader(IReadOnlyList<StoredTensor> Tensors, IReadOnlyDictionary<string, string> Metadata, long DataBegin)
{
    /// <summary>Bytes of the length field before the header.</summary>
    internal const int LengthBytes = sizeof(ulong);

    /// <summary>The longest header that is read and written, in bytes: that of the safetensors library.</summary>
    internal const ulong MaxHeaderBytes = 100_000_000;

    private const int MaxTensors = 100_000;
    private const int MaxDimensions = 8;

    /// <summary>Bytes per element of each type.</summary>
    internal static IReadOnlyDictionary<string, int> ElementBytes { get; } = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["F64"] = 8,
        ["F32"] = 4,
        ["F16"] = 2,
        ["BF16"] = 2,
        ["I64"] = 8,
        ["I32"] = 4,
        ["I16"] = 2,
        ["I8"] = 1,
        ["U8"] = 1,
        ["BOOL"] = 1,
    };

    /// <summary>Reads and checks the header of a file.</summary>
    /// <param name="stream">The file, at its beginning; it is left just after the header.</param>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static SafetensorsHeader Read(Stream stream) => Parse(ReadBytes(stream), stream.Length);

    /// <summary>Reads the header's JSON, after checking its length against the file.</summary>
    internal static byte[] ReadBytes(Stream stream)
    {
        Span<byte> length = stackalloc byte[LengthBytes];
        if (stream.Length < LengthBytes || stream.ReadAtLeast(length, LengthBytes, throwOnEndOfStream: false) < LengthBytes)
            throw new FormatException($"has only {stream.Length} bytes: not a safetensors file, or cut off");
        ulong headerBytes = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(length);
        if (headerBytes > MaxHeaderBytes)
            throw new FormatException($"claims a header of {headerBytes} bytes, more than {MaxHeaderBytes}: not a safetensors file");
        if ((long)headerBytes > stream.Length - LengthBytes)
            throw new FormatException(
                $"claims a header of {headerBytes} bytes but has only {stream.Length} in all: cut off, or not a safetensors file");
        var header = new byte[headerBytes];
        stream.ReadExactly(header);
        return header;
    }

    /// <summary>Checks a header against the size of its file.</summary>
    internal static SafetensorsHeader Parse(byte[] header, long fileBytes)
    {
        // JsonDocument accepts any bytes in a string and throws only when the string is read.
        if (!Utf8.IsValid(header))
            throw new FormatException("has a header that is not UTF-8: not a safetensors file");
        try
        {
            using var document = JsonDocument.Parse(header, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            return Parse(document.RootElement, fileBytes - LengthBytes - header.Length, LengthBytes + header.Length);
        }
        catch (JsonException)
        {
            throw new FormatException("has a header that is not JSON: not a safetensors file");
        }
        catch (InvalidOperationException)
        {
            // JSON may escape an unpaired surrogate, which fails only when the string is read.
            throw new FormatException("has a header with a string that is not valid Unicode");
        }
    }

    private static SafetensorsHeader Parse(JsonElement root, long dataBytes, int dataBegin)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new FormatException("has a header that is not a JSON object: not a safetensors file");
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var tensors = new List<StoredTensor>();
        foreach (JsonProperty entry in root.EnumerateObject())
        {
            if (entry.Name == "__metadata__")
                ReadMetadata(entry.Value, metadata);
            else if (tensors.Count == MaxTensors)
                throw new FormatException($"has more than {MaxTensors} tensors");
            else
                tensors.Add(ReadTensor(entry));
        }
        tensors.Sort((left, right) => (left.Begin, left.End).CompareTo((right.Begin, right.End)));
        CheckPlaces(tensors, dataBytes);
        return new SafetensorsHeader(tensors, metadata, dataBegin);
    }

    private static void ReadMetadata(JsonElement element, Dictionary<string, string> metadata)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new FormatException("has metadata that is not a JSON object");
        foreach (JsonProperty entry in element.EnumerateObject())
        {
            metadata[entry.Name] = entry.Value.ValueKind == JsonValueKind.String
                ? entry.Value.GetString()!
                : throw new FormatException($"has metadata '{entry.Name}' that is not a string");
        }
    }

    private static StoredTensor ReadTensor(JsonProperty entry)
    {
        if (entry.Value.ValueKind == JsonValueKind.Object
            && entry.Value.TryGetProperty("dtype", out JsonElement dtype) && dtype.ValueKind == JsonValueKind.String
            && entry.Value.TryGetProperty("shape", out JsonElement shape)
            && entry.Value.TryGetProperty("data_offsets", out JsonElement offsets)
            && TryReadNumbers(shape, MaxDimensions) is { } dimensions
            && TryReadNumbers(offsets, 2) is [long begin, long end])
        {
            string type = dtype.GetString()!;
            if (!ElementBytes.TryGetValue(type, out int bytes))
                throw new FormatException($"has the tensor '{entry.Name}' of unknown type '{type}'");
            if (begin > end || ByteCount(dimensions, bytes) is not { } size || size != end - begin)
                throw new FormatException(
                    $"has the tensor '{entry.Name}' whose shape [{string.Join(", ", dimensions)}] of {type} does not fill its bytes "
                        + $"{begin} to {end}");
            return new StoredTensor(entry.Name, type, dimensions, begin, end);
        }
        throw new FormatException($"has a damaged entry for the tensor '{entry.Name}'");
    }

    // Up to `most` non-negative integers; null for anything else.
    private static List<long>? TryReadNumbers(JsonElement element, int most)
    {
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() > most)
            return null;
        var numbers = new List<long>();
        foreach (JsonElement item in element.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out long number) || number < 0)
                return null;
            numbers.Add(number);
        }
        return numbers;
    }

    private static long? ByteCount(IEnumerable<long> shape, int elementBytes)
    {
        Int128 count = elementBytes;
        foreach (long dimension in shape)
        {
            count *= dimension;
            if (count > long.MaxValue)
                return null;
        }
        return (long)count;
    }

    private static void CheckPlaces(IEnumerable<StoredTensor> tensors, long dataBytes)
    {
        long reached = 0;
        foreach (StoredTensor tensor in tensors)
        {
            if (tensor.Begin != reached)
                throw new FormatException($"has the tensor '{tensor.Name}' at byte {tensor.Begin}, expected {reached}");
            reached = tensor.End;
        }
        if (reached != dataBytes)
            throw new FormatException($"has {dataBytes} bytes of tensors, but its header says {reached}: cut off or damaged");
    }
}
