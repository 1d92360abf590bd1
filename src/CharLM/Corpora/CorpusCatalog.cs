using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace CharLM.Corpora;

/// <summary>The corpora that can be requested by name, read from <c>corpora/catalog.json</c>.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class CorpusCatalog
{
    /// <summary>The version of the file's format.</summary>
    public const int Format = 1;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        AllowOutOfOrderMetadataProperties = true,
    };

    /// <summary>Makes a catalog of entries.</summary>
    /// <param name="entries">The corpora, in the order they are listed.</param>
    /// <param name="directory">The directory of the files of <see cref="FileSource"/>.</param>
    /// <exception cref="CorpusCatalogException">An entry is faulty, or two have the same name or file; all errors are listed.</exception>
    internal CorpusCatalog(IEnumerable<CorpusEntry> entries, string directory)
        : this(entries, directory, "the catalog")
    {
    }

    private CorpusCatalog(IEnumerable<CorpusEntry> entries, string directory, string origin)
    {
        ArgumentNullException.ThrowIfNull(directory);
        Entries = [.. entries];
        Directory = Path.GetFullPath(directory);
        string[] errors =
        [
            .. Entries.SelectMany(entry => entry.Errors()),
            .. Twice(entry => entry.Name).Select(name => $"the name {Display.Quote(name)} is used twice"),
            // Ignoring case, as some file systems do: two corpora must never share a file of the cache.
            .. Twice(entry => entry.FileName).Select(name => $"the file {Display.Quote(name)} is used twice"),
        ];
        if (errors.Length > 0)
            throw new CorpusCatalogException(
                $"{origin} has {errors.Length} error{(errors.Length == 1 ? "" : "s")}: {string.Join("; ", errors)}");
    }

    /// <summary>The corpora, in the order of the file.</summary>
    public IReadOnlyList<CorpusEntry> Entries { get; }

    /// <summary>The full path of the directory that holds the catalog.</summary>
    public string Directory { get; }

    /// <summary>Reads a catalog file.</summary>
    /// <exception cref="CorpusException">The file cannot be read or is not a catalog of this format, or an entry is faulty.</exception>
    public static CorpusCatalog Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = Path.GetFullPath(path);
        Document document;
        try
        {
            using FileStream file = SharedFile.OpenRead(full);
            document = JsonSerializer.Deserialize<Document>(file, Json) ?? throw new JsonException("the file holds null");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusCatalogException($"cannot read the catalog of corpora {Display.Quote(full)}: {Display.OneLine(e.Message)}", e);
        }
        catch (JsonException e)
        {
            throw new CorpusCatalogException($"{Display.Quote(full)} is not a catalog of corpora: {Display.OneLine(e.Message)}", e);
        }
        if (document.Format != Format)
            throw new CorpusCatalogException($"{Display.Quote(full)} has format {document.Format}; this program reads {Format}");
        if (document.Corpora.Any(entry => entry is null))
            throw new CorpusCatalogException($"{Display.Quote(full)} holds a null among its corpora");
        return new CorpusCatalog(document.Corpora, Path.GetDirectoryName(full)!, Display.Quote(full));
    }

    /// <summary>The corpus with a name, or null.</summary>
    public CorpusEntry? Find(string name) => Entries.FirstOrDefault(entry => entry.Name == name);

    /// <summary>The corpus with a name.</summary>
    /// <exception cref="UnknownCorpusException">No corpus has this name; the message suggests the nearest.</exception>
    public CorpusEntry Get(string name) => Find(name) ?? throw new UnknownCorpusException(name, [.. Entries.Select(entry => entry.Name)]);

    private IEnumerable<string> Twice(Func<CorpusEntry, string> key) =>
        Entries.GroupBy(key, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1).Select(group => group.Key);

    private sealed record Document
    {
        public required int Format { get; init; }

        public required IReadOnlyList<CorpusEntry> Corpora { get; init; }
    }
}

/// <summary>One corpus of the catalog: its description, checksums and sources.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed partial record CorpusEntry
{
    /// <summary>The name that selects it: lower-case letters, digits and hyphens.</summary>
    public required string Name { get; init; }

    /// <summary>The title of the work.</summary>
    public required string Title { get; init; }

    /// <summary>The author.</summary>
    public required string Author { get; init; }

    /// <summary>The licence of the text, an SPDX identifier or "Public domain".</summary>
    public required string Licence { get; init; }

    /// <summary>The credit that its licence requires; null: none.</summary>
    public string? Attribution { get; init; }

    /// <summary>The name of its file in the cache and under a mirror; no directories.</summary>
    [JsonPropertyName("file")]
    public required string FileName { get; init; }

    /// <summary>Its size in bytes; a source that sends more is cut off.</summary>
    public required long Bytes { get; init; }

    /// <summary>SHA-1 in lower-case hexadecimal, as the D2L data hub and git publish it; for information, not for verification.</summary>
    public required string Sha1 { get; init; }

    /// <summary>SHA-256 in lower-case hexadecimal; bytes with another checksum are never used.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Where to get it, in the order in which sources are tried.</summary>
    [JsonInclude]
    [JsonRequired]
    internal IReadOnlyList<CorpusSource> Sources { get; init; } = [];

    internal IEnumerable<string> Errors()
    {
        if (!NameShape().IsMatch(Name))
            yield return $"{Display.Quote(Name)}: a name has lower-case letters, digits and hyphens only";
        if (Name == CorpusResolver.Auto)
            yield return $"'{CorpusResolver.Auto}': this name is reserved for the automatic choice";
        if (!IsFileName(FileName))
            yield return $"{Name}: file is {Display.Quote(FileName)}; give a plain name like 'book.txt', without directories";
        if (Bytes < 1)
            yield return $"{Name}: bytes is {Bytes}; give the size of the file, 1 or more";
        if (!Sha1Shape().IsMatch(Sha1))
            yield return $"{Name}: sha1 is {Display.Quote(Sha1)}; give 40 lower-case hexadecimal digits";
        if (!Sha256Shape().IsMatch(Sha256))
            yield return $"{Name}: sha256 is {Display.Quote(Sha256)}; give 64 lower-case hexadecimal digits";
        if (Sources.Count == 0)
            yield return $"{Name}: sources is empty; give at least one";
        foreach (CorpusSource? source in Sources)
        {
            if (source is null)
                yield return $"{Name}: a source is null";
            else if (source.Error() is { } error)
                yield return $"{Name}: {error}";
        }
    }

    // Names come from a data file and become paths, so a leading dot or any separator is refused on every system.
    internal static bool IsFileName(string name) => FileNameShape().IsMatch(name)
        && !name.EndsWith(CorpusCache.PartialSuffix, StringComparison.Ordinal)
        && !name.EndsWith(CorpusCache.LockSuffix, StringComparison.Ordinal);

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]*\z")]
    private static partial Regex NameShape();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]*\z")]
    private static partial Regex FileNameShape();

    [GeneratedRegex(@"\A[0-9a-f]{40}\z")]
    private static partial Regex Sha1Shape();

    [GeneratedRegex(@"\A[0-9a-f]{64}\z")]
    private static partial Regex Sha256Shape();
}

/// <summary>The catalog of corpora cannot be read, or is faulty.</summary>
internal sealed class CorpusCatalogException : CorpusException
{
    internal CorpusCatalogException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>No corpus has the requested name: a usage error, unlike other corpus failures, which are environmental.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class UnknownCorpusException : CorpusException
{
    internal UnknownCorpusException(string name, IReadOnlyList<string> known)
        : this(name, known, EditDistance.Nearest(name, known))
    {
    }

    private UnknownCorpusException(string name, IReadOnlyList<string> known, string? nearest)
        : base($"no corpus is named {Display.Quote(name)}{(nearest is null ? "" : $"; did you mean '{nearest}'?")}"
            + $" (known: {string.Join(", ", known)}; or the path of a text file)")
    {
        Name = name;
        Known = known;
        Nearest = nearest;
    }

    /// <summary>The requested name.</summary>
    public string Name { get; }

    /// <summary>The names in the catalog.</summary>
    public IReadOnlyList<string> Known { get; }

    /// <summary>The known name closest to <see cref="Name"/> by edits; null when more than half of it would have to change.</summary>
    public string? Nearest { get; }
}
