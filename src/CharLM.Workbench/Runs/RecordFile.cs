using System.Text;
using System.Text.Json;
using CharLM.Checkpoints;
using CharLM.Checkpoints.Safetensors;

namespace CharLM.Workbench.Runs;

/// <summary>Records as JSON files of a run directory: one a file, or one a line.</summary>
internal static class RecordFile
{
    private const int MaxBytes = 1 << 20;
    private const int MaxLineBytes = 1 << 16;

    /// <summary>A record on one line, line end included.</summary>
    public static byte[] Line<T>(T record) => Encoding.UTF8.GetBytes(CheckpointMetadata.WritePart(record) + "\n");

    /// <summary>Reads a file that holds one record.</summary>
    /// <exception cref="CheckpointException">The file is missing, or not what it should be.</exception>
    public static T Read<T>(string path) => SafetensorsFile.Read(path, stream =>
    {
        if (stream.Length > MaxBytes)
            throw new FormatException($"has {stream.Length} bytes, more than {MaxBytes}");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return Parse<T>(bytes, "it");
    });

    /// <summary>Reads a file that holds a record a line; a last line without its end is passed over.</summary>
    /// <exception cref="CheckpointException">The file is missing, or a line is not what it should be.</exception>
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
            return CheckpointMetadata.ReadPart<T>(json) ?? throw new FormatException($"is damaged: {which} is empty");
        }
        catch (JsonException e)
        {
            throw new FormatException($"is damaged: {which} is not what it should be: {e.Message}", e);
        }
    }
}
