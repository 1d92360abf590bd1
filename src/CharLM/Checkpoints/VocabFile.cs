using System.Text.Json;
using CharLM.Checkpoints.Safetensors;
using CharLM.Tokenization;

namespace CharLM.Checkpoints;

/// <summary>A vocab as other programs keep it: a JSON list of the tokens in order of their ids.</summary>
internal static class VocabFile
{
    /// <summary>Reads a vocab.</summary>
    /// <exception cref="CheckpointException">The file is missing, or is no such list.</exception>
    public static Vocab Read(string path) => SafetensorsFile.Read(path, stream =>
    {
        var json = new byte[stream.Length];
        stream.ReadExactly(json);
        return Parse(json);
    });

    /// <summary>Reads a vocab.</summary>
    /// <exception cref="FormatException">It is no such list.</exception>
    internal static Vocab Parse(ReadOnlySpan<byte> json)
    {
        if (json.StartsWith("\uFEFF"u8)) // a byte order mark, as some editors put it there
            json = json[3..];
        try
        {
            string?[] tokens = JsonSerializer.Deserialize<string?[]>(json)
                ?? throw new FormatException("is empty where a JSON list of tokens was due");
            int missing = Array.IndexOf(tokens, null);
            if (missing >= 0)
                throw new FormatException($"has no token for the id {missing}");
            return Vocab.Restore(tokens!);
        }
        catch (JsonException e)
        {
            throw new FormatException($"is no JSON list of tokens, such as [\"{Vocab.Unknown}\", \" \", \"e\"]", e);
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"is no vocab that can be used: {e.Message}", e);
        }
    }

    /// <summary>The list of a vocab.</summary>
    internal static string Format(Vocab vocab) => CheckpointMetadata.WritePart(vocab.Tokens);
}
