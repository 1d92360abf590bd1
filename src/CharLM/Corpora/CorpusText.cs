namespace CharLM.Corpora;

/// <summary>Which text was really used.</summary>
public sealed record CorpusOrigin
{
    private readonly CorpusNames? _texts;

    /// <summary>What was asked for: names, paths, "auto" or "-".</summary>
    public required CorpusNames Requested { get; init; }

    /// <summary>
    /// What kind of thing it was read from; of several, standard input if one of them came from there, and the catalog if all did.
    /// </summary>
    public required CorpusOriginKind Kind { get; init; }

    /// <summary>
    /// The corpus's name, the file's or folder's name without its directory, or "standard input"; of several "a.txt and 2 more".
    /// </summary>
    public required string Name { get; init; }

    /// <summary>The full path of the file or folder that was read, or "standard input"; of several, all with commas between.</summary>
    public required string Location { get; init; }

    /// <summary>
    /// SHA-256 of the bytes as they were read, byte order mark included, those of several texts in order with nothing between;
    /// lower-case hexadecimal.
    /// </summary>
    public required string Sha256 { get; init; }

    /// <summary>The number of bytes that were read.</summary>
    public required long Bytes { get; init; }

    /// <summary>What the texts are in that have no byte order mark, as it was named; null for UTF-8 that was not named.</summary>
    public string? Encoding { get; init; }

    /// <summary>What finds the same texts again: names of the catalog, full paths, or "-".</summary>
    public CorpusNames Texts
    {
        get => _texts ?? Kind switch
        {
            CorpusOriginKind.Catalog => Name,
            CorpusOriginKind.File => Location,
            _ => CorpusResolver.StandardInput,
        };
        init => _texts = value;
    }

    /// <summary>The texts one by one, in order; empty where the origin was not made by a resolver.</summary>
    public IReadOnlyList<CorpusPart> Parts { get; init; } = [];

    /// <summary>Why the bundled corpus stands in for the preferred one, in one line; null when it does not.</summary>
    public string? FallbackReason { get; init; }
}

/// <summary>One of the texts that make a corpus.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record CorpusPart
{
    /// <summary>What kind of thing it was read from.</summary>
    public required CorpusOriginKind Kind { get; init; }

    /// <summary>The corpus's name, the file's name (in a folder: its path from there), or "standard input".</summary>
    public required string Name { get; init; }

    /// <summary>The full path of the file, or "standard input".</summary>
    public required string Location { get; init; }

    /// <summary>SHA-256 of its bytes, byte order mark included; lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The number of its bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>Where it begins in <see cref="CorpusText.Text"/>, in UTF-16 units.</summary>
    public required int Begin { get; init; }
}

/// <summary>What kind of thing a text was read from.</summary>
public enum CorpusOriginKind
{
    /// <summary>A corpus of the catalog.</summary>
    Catalog,

    /// <summary>A file of the user's, or files.</summary>
    File,

    /// <summary>Standard input.</summary>
    StandardInput,
}

/// <summary>A corpus in memory, not cleaned yet.</summary>
/// <param name="Text">The text, without a byte order mark; never empty.</param>
/// <param name="Origin">Which text it is.</param>
public sealed partial record CorpusText(string Text, CorpusOrigin Origin)
{
    /// <summary>Where each of its files begins, in UTF-16 units; empty where that is not known.</summary>
    internal IReadOnlyList<int> FileBegins => [.. Origin.Parts.Select(part => part.Begin)];
}
