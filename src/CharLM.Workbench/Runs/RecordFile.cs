using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using CharLM.Checkpoints;
using CharLM.Checkpoints.Safetensors;

namespace CharLM.Workbench.Runs;

/// <summary>Reads and writes records as JSON files of a run directory: one per file, or one per line.</summary>
internal static class RecordFile
{
    private const int MaxBytes = 1 << 20;
    private const int MaxLineBytes = 1 << 16;

    private static readonly JsonSerializerOptions Json = new(CheckpointMetadata.Json)
    {
        Converters = { new FiniteNumber<double>() },
    };

    /// <summary>Formats a record as one line, including its line end.</summary>
    public static byte[] Line<T>(T record) => Encoding.UTF8.GetBytes(PlainJson.Serialize(record, Json) + "\n");

    /// <summary>Reads a file that holds one record.</summary>
    /// <exception cref="CheckpointException">The file is missing or invalid.</exception>
    public static T Read<T>(string path) => SafetensorsFile.Read(path, stream =>
    {
        if (stream.Length > MaxBytes)
            throw new FormatException($"has {stream.Length} bytes, more than {MaxBytes}");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return Parse<T>(bytes, "it");
    });

    /// <summary>Reads a file with one record per line; an incomplete last line is ignored.</summary>
    /// <exception cref="CheckpointException">The file is missing, or a line is invalid.</exception>
    public static IReadOnlyList<T> ReadLines<T>(string path) => SafetensorsFile.Read<IReadOnlyList<T>>(path, stream =>
    {
        var records = new List<T>();
        var buffer = new byte[MaxLineBytes];
        int held = 0;
        for (int read; (read = stream.Read(buffer, held, buffer.Length - held)) > 0;)
        {
            held += read;
            int begin = 0;
            for (int end; (end = buffer.AsSpan(begin, held - begin).IndexOf((byte)'\n')) >= 0; begin += end + 1)
                records.Add(Parse<T>(buffer.AsSpan(begin, end), $"line {records.Count + 1}"));
            buffer.AsSpan(begin, held - begin).CopyTo(buffer);
            held -= begin;
            if (held == buffer.Length)
                throw new FormatException($"has a line {records.Count + 1} of more than {MaxLineBytes} bytes");
        }
        return records;
    });

    private static T Parse<T>(ReadOnlySpan<byte> json, string which)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Json) ?? throw new FormatException($"is damaged: {which} is empty");
        }
        catch (JsonException e)
        {
            throw new FormatException($"is damaged: {which} is not what it should be: {e.Message}", e);
        }
    }
}

/// <summary>
/// Writes infinity and NaN, which JSON lacks, as null, so that a value is never sometimes a number and sometimes a string. Older files have
/// them as strings, which are read.
/// </summary>
internal sealed class FiniteNumber<T> : JsonConverter<T>
    where T : struct, IBinaryFloatingPointIeee754<T>
{
    public override bool HandleNull => true;

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Null => T.NaN,
        JsonTokenType.String => reader.GetString() switch
        {
            "Infinity" => T.PositiveInfinity,
            "-Infinity" => T.NegativeInfinity,
            "NaN" => T.NaN,
            _ => throw new JsonException("a number is expected"),
        },
        _ => T.CreateSaturating(reader.GetDouble()),
    };

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        if (!T.IsFinite(value))
            writer.WriteNullValue();
        else if (value is float single)
            writer.WriteNumberValue(single);
        else
            writer.WriteNumberValue(double.CreateChecked(value));
    }
}
