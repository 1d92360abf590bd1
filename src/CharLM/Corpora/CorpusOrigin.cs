namespace CharLM.Corpora;

/// <summary>Which text was really used.</summary>
public sealed record CorpusOrigin
{
    /// <summary>What was asked for: a name, a path, "auto" or "-".</summary>
    public required string Requested { get; init; }

    /// <summary>What kind of thing it was read from.</summary>
    public required CorpusOriginKind Kind { get; init; }

    /// <summary>The corpus's name, the file's name without its directory, or "standard input".</summary>
    public required string Name { get; init; }

    /// <summary>The full path of the file that was read, or "standard input".</summary>
    public required string Location { get; init; }

    /// <summary>SHA-256 of the bytes as they were read, byte order mark included; lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The number of bytes that were read.</summary>
    public required long Bytes { get; init; }

    /// <summary>Why the bundled corpus stands in for the preferred one, in one line; null when it does not.</summary>
    public string? FallbackReason { get; init; }
}
