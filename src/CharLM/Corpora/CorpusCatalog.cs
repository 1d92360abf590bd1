using System.Text.Json;
using System.Text.Json.Serialization;

namespace CharLM.Corpora;

/// <summary>The corpora that are known by name, read from <c>corpora/catalog.json</c>.</summary>
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
    /// <param name="directory">Where the files of <see cref="FileSource"/> lie.</param>
    /// <exception cref="CorpusCatalogException">An entry is faulty, or two have the same name or file; all faults are listed.</exception>
    public CorpusCatalog(IEnumerable<CorpusEntry> entries, string directory)
        : this(entries, directory, "the catalog")
    {
    }

    private CorpusCatalog(IEnumerable<CorpusEntry> entries, string directory, string origin)
    {
        ArgumentNullException.ThrowIfNull(directory);
        Entries = [.. entries];
        Directory = Path.GetFullPath(directory);
        string[] faults =
        [
            .. Entries.SelectMany(entry => entry.Faults()),
            .. Twice(entry => entry.Name).Select(name => $"the name {Display.Quote(name)} stands twice"),
            // Case-insensitive, as some file systems are: two corpora never share a file of the cache.
            .. Twice(entry => entry.FileName).Select(name => $"the file {Display.Quote(name)} stands twice"),
        ];
        if (faults.Length > 0)
            throw new CorpusCatalogException($"{origin} has {faults.Length} fault{(faults.Length == 1 ? "" : "s")}: {string.Join("; ", faults)}");
    }

    /// <summary>The corpora, in the order of the file.</summary>
    public IReadOnlyList<CorpusEntry> Entries { get; }

    /// <summary>The full path of the directory that the catalog lies in.</summary>
    public string Directory { get; }

    /// <summary>Reads a catalog file.</summary>
    /// <exception cref="CorpusCatalogException">The file cannot be read, is no catalog of this format, or an entry is faulty.</exception>
    public static CorpusCatalog Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = Path.GetFullPath(path);
        Document document;
        try
        {
            using FileStream file = File.OpenRead(full);
            document = JsonSerializer.Deserialize<Document>(file, Json) ?? throw new JsonException("the file holds null");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusCatalogException($"cannot read the catalog of corpora {Display.Quote(full)}: {Display.OneLine(e.Message)}", e);
        }
        catch (JsonException e)
        {
            throw new CorpusCatalogException($"{Display.Quote(full)} is no catalog of corpora: {Display.OneLine(e.Message)}", e);
        }
        if (document.Format != Format)
            throw new CorpusCatalogException($"{Display.Quote(full)} has format {document.Format}; this program reads {Format}");
        if (document.Corpora.Any(entry => entry is null))
            throw new CorpusCatalogException($"{Display.Quote(full)} holds a null among its corpora");
        return new CorpusCatalog(document.Corpora, Path.GetDirectoryName(full)!, Display.Quote(full));
    }

    /// <summary>The corpus of a name, or null.</summary>
    public CorpusEntry? Find(string name) => Entries.FirstOrDefault(entry => entry.Name == name);

    /// <summary>The corpus of a name.</summary>
    /// <exception cref="UnknownCorpusException">No corpus has this name; the nearest name is given.</exception>
    public CorpusEntry Get(string name) => Find(name) ?? throw new UnknownCorpusException(name, [.. Entries.Select(entry => entry.Name)]);

    private IEnumerable<string> Twice(Func<CorpusEntry, string> key) =>
        Entries.GroupBy(key, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1).Select(group => group.Key);

    private sealed record Document
    {
        public required int Format { get; init; }

        public required IReadOnlyList<CorpusEntry> Corpora { get; init; }
    }
}
