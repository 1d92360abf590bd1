using System.Text;

namespace CharLM.Corpora;

/// <summary>Identifies the text that was actually used.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record CorpusOrigin
{
    private readonly CorpusNames? _texts;

    /// <summary>The request: names, paths, "auto" or "-".</summary>
    public required CorpusNames Requested { get; init; }

    /// <summary>The kind of source; for several texts, standard input if any came from there, the catalog if all did, else files.</summary>
    public required CorpusOriginKind Kind { get; init; }

    /// <summary>
    /// The corpus's name, the file's or folder's name without its directory, or "standard input"; for several texts, "a.txt and 2 more".
    /// </summary>
    public required string Name { get; init; }

    /// <summary>The full path of the file or folder, or "standard input"; for several texts, all paths, separated by commas.</summary>
    public required string Location { get; init; }

    /// <summary>
    /// SHA-256 of the bytes read, including a byte order mark; for several texts, of their concatenated bytes, in order; lower-case
    /// hexadecimal.
    /// </summary>
    public required string Sha256 { get; init; }

    /// <summary>The number of bytes read.</summary>
    public required long Bytes { get; init; }

    /// <summary>The encoding, as named, of texts without a byte order mark; null for UTF-8 by default.</summary>
    public string? Encoding { get; init; }

    /// <summary>Names that find the same texts again: catalog names, full paths, or "-".</summary>
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

    /// <summary>The individual texts, in order; empty if no resolver created the origin.</summary>
    public IReadOnlyList<CorpusPart> Parts { get; init; } = [];

    /// <summary>Why the bundled corpus replaces the preferred one, in one line; null if it does not.</summary>
    public string? FallbackReason { get; init; }
}

/// <summary>One of the texts of a corpus.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record CorpusPart
{
    /// <summary>The kind of source.</summary>
    public required CorpusOriginKind Kind { get; init; }

    /// <summary>The corpus's name, the file's name (in a folder: its relative path), or "standard input".</summary>
    public required string Name { get; init; }

    /// <summary>The full path of the file, or "standard input".</summary>
    public required string Location { get; init; }

    /// <summary>SHA-256 of its bytes, including a byte order mark; lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The number of its bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>Where it begins in <see cref="CorpusText.Text"/>, in UTF-16 units; null if the text is not in memory.</summary>
    public required int? Begin { get; init; }
}

/// <summary>The kind of source of a text.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum CorpusOriginKind
{
    /// <summary>A corpus of the catalog.</summary>
    Catalog,

    /// <summary>A user's file or files.</summary>
    File,

    /// <summary>Standard input.</summary>
    StandardInput,
}

/// <summary>A raw text, in memory or read from its files on demand.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed partial class CorpusText
{
    /// <summary>The default length of a chunk in UTF-16 units.</summary>
    internal const int ChunkLength = 1 << 16;

    private readonly string? _text;
    private readonly Dictionary<object, object> _cached = [];

    /// <summary>Creates a text in memory.</summary>
    /// <param name="text">The text, without a byte order mark; never empty.</param>
    /// <param name="origin">The origin of the text.</param>
    public CorpusText(string text, CorpusOrigin origin)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(origin);
        (_text, Origin) = (text, origin);
    }

    /// <summary>Creates a text in memory without an origin.</summary>
    internal CorpusText(string text)
        : this(text, new CorpusOrigin
        {
            Requested = CorpusResolver.StandardInput,
            Kind = CorpusOriginKind.StandardInput,
            Name = "text",
            Location = "",
            Sha256 = "",
            Bytes = 0,
        })
    {
    }

    internal CorpusText(CorpusFiles files, CorpusOrigin origin) => (Files, Origin) = (files, origin);

    /// <summary>The origin of the text.</summary>
    public CorpusOrigin Origin { get; }

    /// <summary>The text, without a byte order mark; never empty.</summary>
    /// <exception cref="InvalidOperationException">The text is not in memory.</exception>
    public string Text => _text
        ?? throw new InvalidOperationException($"{Origin.Name} is not in memory: its {Display.Bytes(Origin.Bytes)} are read part by part");

    /// <summary>Whether the whole text is in memory; files of more than 64 MiB together are not.</summary>
    public bool IsInMemory => _text is not null;

    /// <summary>The files to read from; null if the text is in memory.</summary>
    internal CorpusFiles? Files { get; }

    /// <summary>Reads the text from beginning to end; a chunk is valid until the next one is requested.</summary>
    /// <param name="length">The maximum chunk length for a text in memory, in UTF-16 units.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="CorpusException">A file cannot be read, or has changed.</exception>
    internal IEnumerable<TextChunk> Chunks(int length = ChunkLength, CancellationToken cancellationToken = default) =>
        _text is null ? Files!.Chunks(cancellationToken) : ChunksInMemory(length, cancellationToken);

    /// <summary>The beginning of the text.</summary>
    /// <param name="length">UTF-16 units, at most.</param>
    internal string Beginning(int length)
    {
        if (_text is not null)
            return _text[..Math.Min(length, _text.Length)];
        var beginning = new StringBuilder();
        foreach (TextChunk chunk in Files!.Chunks(CancellationToken.None))
        {
            beginning.Append(chunk.Text.Span[..Math.Min(chunk.Text.Length, length - beginning.Length)]);
            if (beginning.Length == length)
                break;
        }
        return beginning.ToString();
    }

    /// <summary>A part of the text.</summary>
    /// <param name="begin">Where it begins, in UTF-16 units.</param>
    /// <param name="end">Where it ends.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    internal IEnumerable<ReadOnlyMemory<char>> Part(long begin, long end, CancellationToken cancellationToken)
    {
        long place = 0;
        foreach (TextChunk chunk in Chunks(ChunkLength, cancellationToken))
        {
            int from = (int)Math.Clamp(begin - place, 0, chunk.Text.Length), to = (int)Math.Clamp(end - place, 0, chunk.Text.Length);
            if (from < to)
                yield return chunk.Text[from..to];
            place += chunk.Text.Length;
            if (place >= end)
                yield break;
        }
    }

    /// <summary>Returns a value derived from the text, computed once and kept with the text.</summary>
    /// <param name="key">Identifies the value.</param>
    /// <param name="make">Computes it.</param>
    internal T Cached<T>(object key, Func<T> make)
        where T : notnull
    {
        lock (_cached)
        {
            if (!_cached.TryGetValue(key, out object? value))
                _cached[key] = value = make();
            return (T)value;
        }
    }

    /// <summary>Returns a derived value if it was computed before, else null.</summary>
    internal T? CachedOrNull<T>(object key)
        where T : class
    {
        lock (_cached)
            return _cached.GetValueOrDefault(key) as T;
    }

    private IEnumerable<TextChunk> ChunksInMemory(int length, CancellationToken cancellationToken)
    {
        int[] begins = [0, .. Origin.Parts.Skip(1).Select(part => part.Begin ?? 0)];
        for (int file = 0; file < begins.Length; file++)
        {
            int end = file + 1 < begins.Length ? begins[file + 1] : _text!.Length;
            for (int begin = begins[file]; begin < end; begin += length)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return new TextChunk(_text!.AsMemory(begin, Math.Min(length, end - begin)), begin == begins[file]);
            }
        }
    }
}

/// <summary>Some of a text.</summary>
/// <param name="Text">UTF-16 units.</param>
/// <param name="BeginsFile">Whether a file begins with them.</param>
internal readonly record struct TextChunk(ReadOnlyMemory<char> Text, bool BeginsFile);
