using System.Text.Json;
using CharLM.Checkpoints.Safetensors;
using CharLM.Tokenization;

namespace CharLM.Checkpoints;

/// <summary>A vocab as other programs store it: a JSON list of tokens in order of their ids.</summary>
internal static class VocabFile
{
    /// <summary>Reads a vocab.</summary>
    /// <exception cref="CheckpointException">The file is missing, or is not such a list.</exception>
    public static Vocab Read(string path) => SafetensorsFile.Read(path, stream =>
    {
        var json = new byte[stream.Length];
        stream.ReadExactly(json);
        return Parse(json);
    });

    /// <summary>Parses a vocab.</summary>
    /// <exception cref="FormatException">It is not such a list.</exception>
    internal static Vocab Parse(ReadOnlySpan<byte> json)
    {
        if (json.StartsWith("\uFEFF"u8)) // a byte order mark, which some editors add
            json = json[3..];
        try
        {
            string?[] tokens = JsonSerializer.Deserialize<string?[]>(json)
                ?? throw new FormatException("is null instead of a JSON list of tokens");
            int missing = Array.IndexOf(tokens, null);
            if (missing >= 0)
                throw new FormatException($"has no token for the id {missing}");
            return Vocab.Restore(tokens!);
        }
        catch (JsonException e)
        {
            throw new FormatException($"is not a JSON list of tokens, such as [\"{Vocab.Unknown}\", \" \", \"e\"]", e);
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"is not a usable vocab: {e.Message}", e);
        }
    }

    /// <summary>Formats a vocab as such a list.</summary>
    internal static string Format(Vocab vocab) => CheckpointMetadata.WritePart(vocab.Tokens);
}
