using System.Text.Json.Serialization;

namespace CharLM.Corpora;

/// <summary>A file that lies beside the catalog; it is verified and used where it lies.</summary>
public sealed record FileSource : CorpusSource
{
    /// <summary>The file's name in the catalog's directory; no directories.</summary>
    [JsonPropertyName("file")]
    public required string FileName { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Label => FileName;

    internal override string? Fault() => CorpusEntry.IsFileName(FileName)
        ? null
        : $"{Display.Quote(FileName)} is no plain file name; give one without directories";
}
