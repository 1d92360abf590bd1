using System.Security.Cryptography;
using System.Text;

namespace CharLM.Corpora;

/// <summary>Resolves what a user names (a corpus, a path, standard input, or the automatic choice) to a text.</summary>
/// <remarks>Thread safety: any number of threads; of several that need the same download, one downloads and the others wait.</remarks>
public sealed class CorpusResolver
{
    /// <summary>The automatic choice, which is the default: <see cref="Preferred"/> if available, else <see cref="Bundled"/>.</summary>
    public const string Auto = "auto";

    /// <summary>Names standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>The first choice of <see cref="Auto"/>.</summary>
    public const string Preferred = "time-machine";

    /// <summary>The corpus that is always available.</summary>
    public const string Bundled = "bundled";

    private const string StandardInputName = "standard input";

    private readonly CorpusStore _store;
    private readonly IProgress<CorpusNotice>? _notices;

    /// <summary>Creates a resolver; touches neither disk nor network.</summary>
    /// <param name="catalog">The named corpora.</param>
    /// <param name="settings">Where they are kept and how they are fetched.</param>
    /// <param name="progress">Receives the progress of downloads; a download waits for each call, so return quickly.</param>
    /// <param name="notices">Receives retries, failed sources, corrupt files and fallbacks of the automatic choice.</param>
    /// <exception cref="InvalidConfigException">The settings are out of range.</exception>
    public CorpusResolver(CorpusCatalog catalog, CorpusSettings settings, IProgress<DownloadProgress>? progress = null,
        IProgress<CorpusNotice>? notices = null)
        : this(new CorpusStore(catalog, settings, progress, notices), notices)
    {
    }

    /// <summary>Creates a resolver.</summary>
    /// <param name="store">Provides the named corpora.</param>
    /// <param name="notices">Receives fallbacks of the automatic choice, one line each.</param>
    internal CorpusResolver(CorpusStore store, IProgress<CorpusNotice>? notices = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
        _notices = notices;
    }

    /// <summary>
    /// Encoding of texts without a byte order mark, such as gb18030 or latin-1; default null: UTF-8. A mark takes precedence.
    /// </summary>
    public string? Encoding { get; init; }

    /// <summary>A text that was read before, with its encoding, which is used again unless another one is named; default none.</summary>
    internal KnownText? Known { get; init; }

    /// <summary>Recognizes run directories, which are skipped in a folder; default: none.</summary>
    internal Func<string, bool> IsRun { get; init; } = _ => false;

    /// <summary>Reads the texts that <paramref name="corpus"/> names, one after the other.</summary>
    /// <param name="corpus">
    /// Each is <see cref="Auto"/>, <see cref="StandardInput"/>, a corpus's name, or the path of a file or a folder; a name takes
    /// precedence over a file of the same name, which is <c>./NAME</c>. A folder stands for all texts in it and its subfolders, in ordinal
    /// order of names. Texts are joined unchanged; a line end is added after a text that lacks one, except the last.
    /// </param>
    /// <param name="standardInput">The stream for <see cref="StandardInput"/>; needed only for that.</param>
    /// <param name="cancellationToken">Cancels a download; the bytes received so far are kept, and the next download continues from
    /// them.</param>
    /// <exception cref="UnknownCorpusException">A name is unknown and does not look like a path.</exception>
    /// <exception cref="CorpusException">
    /// A text is missing, empty, in another encoding, too large or unreadable; a named corpus is unavailable; or the cache cannot be
    /// written.
    /// </exception>
    public async Task<CorpusText> ResolveAsync(
        CorpusNames corpus, Stream? standardInput = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        TextEncoding? encoding = Encoding is null ? null : TextEncoding.Find(Encoding)
            ?? throw new InvalidConfigException([TextEncoding.ErrorOf(Encoding)!]);
        IReadOnlyList<CorpusPlace> places = await LocateAsync(corpus, cancellationToken);
        if (_store.Settings.CacheDirectory is { } cache && places.All(place => place.Kind != CorpusOriginKind.StandardInput)
            && places.Sum(place => CorpusFolder.LengthOf(new FileInfo(place.Location)) ?? 0) > _store.Settings.MaxBytesInMemory
            && places.All(place => CorpusFolder.LengthOf(new FileInfo(place.Location)) > 0))
            return await Task.Run(() => Find(corpus, places, encoding, cache, cancellationToken), cancellationToken);
        var read = new List<(CorpusPlace Place, ReadOnlyMemory<byte> Bytes, string Sha256)>();
        long left = _store.Settings.MaxTextBytes;
        foreach (CorpusPlace place in places)
        {
            ReadOnlyMemory<byte> bytes = await ReadAsync(place, standardInput, left, encoding, cancellationToken);
            left -= bytes.Length;
            // With a line end between two texts.
            long together = _store.Settings.MaxTextBytes - left + places.Count - 1;
            if (together > CorpusSettings.LargestInMemory)
                throw CorpusReader.TooLargeTogether(place.Location, together);
            string sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes.Span));
            // The file was opened again after verification, so check the bytes that were read.
            if (place.Sha256 is not null && place.Sha256 != sha256)
                throw CorpusFiles.Changed(place.Location, sha256, place.Sha256);
            read.Add((place, bytes, sha256));
        }
        return Join(corpus, read, encoding);
    }

    /// <summary>Finds all named texts without reading them.</summary>
    internal async Task<IReadOnlyList<CorpusPlace>> LocateAsync(CorpusNames corpus, CancellationToken cancellationToken)
    {
        if (corpus.Count == 0)
            throw new ArgumentException("no text is named", nameof(corpus));
        var places = new List<CorpusPlace>();
        foreach (string name in corpus)
            places.AddRange(await LocateAsync(name, cancellationToken));
        if (places.Count(place => place.Kind == CorpusOriginKind.StandardInput) > 1)
            throw new InvalidConfigException([$"{StandardInputName} is named twice, and can be read once"]);
        return places;
    }

    /// <summary>Whether a name is a path: it has a slash or a dot.</summary>
    internal static bool LooksLikePath(string corpus) => corpus.AsSpan().ContainsAny('/', '.', Path.DirectorySeparatorChar);

    private async Task<IReadOnlyList<CorpusPlace>> LocateAsync(string name, CancellationToken cancellationToken)
    {
        if (name == StandardInput)
            return [new CorpusPlace(name, CorpusOriginKind.StandardInput, StandardInputName, StandardInputName)];
        if (name == Auto)
            return [await ChooseAsync(cancellationToken)];
        if (_store.Catalog.Find(name) is { } entry)
            return [PlaceOf(name, await _store.GetAsync(entry, retryConnections: true, cancellationToken))];
        if (!LooksLikePath(name) && !File.Exists(name) && !Directory.Exists(name))
            throw new UnknownCorpusException(name, [Auto, .. _store.Catalog.Entries.Select(known => known.Name)]);
        string path = Path.GetFullPath(name);
        if (!Directory.Exists(path))
            return [new CorpusPlace(name, CorpusOriginKind.File, Path.GetFileName(path), path)];
        path = Path.TrimEndingDirectorySeparator(path);
        if (IsRun(path))
            throw new CorpusFileException(CorpusFileError.Directory, path, $"{Display.Quote(path)} is a run directory, not a text");
        TextEncoding? encoding = Encoding is null ? null : TextEncoding.Find(Encoding);
        CorpusFolder folder = await Task.Run(() => CorpusFolder.List(path, encoding, IsRun, cancellationToken), cancellationToken);
        if (folder.Skipped is { Length: > 0 } skipped)
            _notices?.Report(new CorpusNotice(CorpusNoticeKind.Skipped,
                $"{name}: {folder.Files.Count} text{(folder.Files.Count == 1 ? "" : "s")}; skipped {skipped}"));
        return [.. folder.Files.Select(
            file => new CorpusPlace(name, CorpusOriginKind.File, Path.GetRelativePath(path, file), file) { Folder = path })];
    }

    private async Task<CorpusPlace> ChooseAsync(CancellationToken cancellationToken)
    {
        CorpusEntry preferred = _store.Catalog.Get(Preferred);
        string reason;
        using (var deadline = new CancellationTokenSource(_store.Settings.AutoTimeout, _store.Settings.Clock))
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken))
        {
            try
            {
                // Failed connections are not retried, so that without a network the fallback is immediate.
                return PlaceOf(Auto, await _store.GetAsync(preferred, retryConnections: false, either.Token));
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                reason = $"not here within {_store.Settings.AutoTimeout.TotalSeconds} s";
            }
            catch (CorpusUnavailableException e)
            {
                reason = string.Join("; ", e.Failures.Select(failure => $"{failure.Source}: {failure.Reason}"));
            }
            catch (CorpusCacheException e)
            {
                reason = e.Message;
            }
        }
        _notices?.Report(new CorpusNotice(
            CorpusNoticeKind.Fallback, $"the corpus '{Preferred}' is not to be had ({reason}): '{Bundled}' is used instead"));
        CorpusFile bundled = await _store.GetAsync(_store.Catalog.Get(Bundled), retryConnections: false, cancellationToken);
        return PlaceOf(Auto, bundled) with { FallbackReason = reason };
    }

    private static CorpusPlace PlaceOf(string requested, CorpusFile file) =>
        new(requested, CorpusOriginKind.Catalog, file.Entry.Name, file.Path) { Sha256 = file.Entry.Sha256 };

    private async Task<ReadOnlyMemory<byte>> ReadAsync(
        CorpusPlace place, Stream? standardInput, long maxBytes, TextEncoding? encoding, CancellationToken cancellationToken)
    {
        bool isUtf8 = encoding is null && Known?.Encoding is null;
        if (place.Kind != CorpusOriginKind.StandardInput)
            return await CorpusReader.ReadBytesAsync(place.Location, maxBytes, isUtf8, cancellationToken);
        ArgumentNullException.ThrowIfNull(standardInput);
        try
        {
            return await CorpusReader.ReadBytesAsync(standardInput, StandardInputName, maxBytes, isUtf8, cancellationToken);
        }
        catch (IOException e)
        {
            throw CorpusReader.ErrorOf(StandardInputName, e);
        }
    }

    // The text is read part by part later; now it is read only for its checksum.
    private CorpusText Find(
        CorpusNames requested, IReadOnlyList<CorpusPlace> places, TextEncoding? encoding, string cache, CancellationToken cancellationToken)
    {
        (IReadOnlyList<(string Sha256, long Bytes)> each, string joint) =
            CorpusFiles.Checksums(places, _store.Settings.MaxTextBytes, cancellationToken);
        encoding ??= EncodingOfKnown(joint);
        CorpusFiles files = FilesIn(encoding);
        if (encoding is null && Known?.Encoding is { } name && !IsReadable(files, cancellationToken))
            files = FilesIn(encoding = TextEncoding.Find(name));
        return new CorpusText(files, OriginOf(requested, joint, encoding, [.. places.Zip(each,
            (place, one) => (place, PartOf(place, one.Sha256, one.Bytes, null)))]));

        CorpusFiles FilesIn(TextEncoding? encoding) => new()
        {
            Places = [.. places.Zip(each, (place, one) => (place, one.Sha256))],
            Encoding = encoding,
            CacheDirectory = cache,
            BlockBytes = _store.Settings.BlockBytes,
            Notices = _notices,
        };
    }

    private static bool IsReadable(CorpusFiles files, CancellationToken cancellationToken)
    {
        try
        {
            _ = files.Chunks(cancellationToken).Count();
            return true;
        }
        catch (CorpusFileException e) when (e.Error == CorpusFileError.WrongEncoding)
        {
            return false;
        }
    }

    private TextEncoding? EncodingOfKnown(string sha256) =>
        Known is { Encoding: { } known } && Known.Sha256 == sha256 ? TextEncoding.Find(known) : null;

    private CorpusText Join(
        CorpusNames requested, List<(CorpusPlace Place, ReadOnlyMemory<byte> Bytes, string Sha256)> read, TextEncoding? encoding)
    {
        string joint = read.Count == 1 ? read[0].Sha256 : Sha256Of(read.Select(one => one.Bytes));
        encoding ??= EncodingOfKnown(joint);
        IReadOnlyList<string> texts;
        try
        {
            texts = Decode(encoding);
        }
        // This is not the known text, and more likely UTF-8 than in that text's encoding.
        catch (CorpusFileException e) when (encoding is null && Known?.Encoding is { } name && e.Error == CorpusFileError.WrongEncoding)
        {
            texts = Decode(encoding = TextEncoding.Find(name));
        }
        var parts = new List<(CorpusPlace, CorpusPart)>();
        var text = new StringBuilder(read.Count == 1 ? 0 : texts.Sum(one => one.Length + 1));
        for (int i = 0; i < read.Count; i++)
        {
            if (encoding is not { IsBytes: true } && text.Length > 0 && text[^1] is not ('\n' or '\r'))
                text.Append('\n');
            parts.Add((read[i].Place, PartOf(read[i].Place, read[i].Sha256, read[i].Bytes.Length, text.Length)));
            if (read.Count > 1)
                text.Append(texts[i]);
        }
        return new CorpusText(read.Count == 1 ? texts[0] : text.ToString(), OriginOf(requested, joint, encoding, parts));

        IReadOnlyList<string> Decode(TextEncoding? from) => [.. read.Select((one, i) => CorpusReader.Decode(
            one.Bytes.Span, one.Place.Location, from, readBefore: i == 0 ? null : read[0].Place.Location))];
    }

    private static CorpusPart PartOf(CorpusPlace place, string sha256, long bytes, int? begin) => new()
    {
        Kind = place.Kind,
        Name = place.Name,
        Location = place.Location,
        Sha256 = sha256,
        Bytes = bytes,
        Begin = begin,
    };

    private static CorpusOrigin OriginOf(
        CorpusNames requested, string sha256, TextEncoding? encoding, List<(CorpusPlace Place, CorpusPart Part)> read) => new()
        {
            Requested = requested,
            Kind = read.Exists(one => one.Place.Kind == CorpusOriginKind.StandardInput) ? CorpusOriginKind.StandardInput
                : read.TrueForAll(one => one.Place.Kind == CorpusOriginKind.Catalog) ? CorpusOriginKind.Catalog : CorpusOriginKind.File,
            Name = NameOf(requested, [.. read.Select(one => one.Place)]),
            Location = string.Join(", ", read.Select(one => one.Place.Folder ?? one.Place.Location).Distinct()),
            Sha256 = sha256,
            Bytes = read.Sum(one => one.Part.Bytes),
            Encoding = encoding is { IsBytes: true } ? null : encoding?.Name,
            FallbackReason = read.Select(one => one.Place.FallbackReason).FirstOrDefault(reason => reason is not null),
            Texts = [.. read.Select(one => one.Place).DistinctBy(place => (place.Requested, place.Folder)).Select(place => place.Again)],
            Parts = [.. read.Select(one => one.Part)],
        };

    // "books", or "a.txt and 2 more".
    private static string NameOf(CorpusNames requested, IReadOnlyList<CorpusPlace> places)
    {
        string first = places[0].Folder is { } folder ? Path.GetFileName(folder) : places[0].Name;
        return requested.Count == 1 ? first : $"{first} and {requested.Count - 1} more";
    }

    private static string Sha256Of(IEnumerable<ReadOnlyMemory<byte>> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (ReadOnlyMemory<byte> part in parts)
            hash.AppendData(part.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>A text that was found but not yet read.</summary>
/// <param name="Requested">The request.</param>
/// <param name="Kind">The kind of source.</param>
/// <param name="Name">Its name in reports.</param>
/// <param name="Location">The full path, or "standard input".</param>
internal sealed record CorpusPlace(string Requested, CorpusOriginKind Kind, string Name, string Location)
{
    /// <summary>The full path of the requested folder; null if the text itself was requested.</summary>
    public string? Folder { get; init; }

    /// <summary>The required checksum; null if none is known.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Why it replaces another text; null if it does not.</summary>
    public string? FallbackReason { get; init; }

    /// <summary>
    /// A name that finds it again: "auto" may resolve to another text later, and a relative path to another file elsewhere.
    /// </summary>
    public string Again => Kind switch
    {
        CorpusOriginKind.Catalog => Name,
        CorpusOriginKind.StandardInput => CorpusResolver.StandardInput,
        _ => Folder ?? Location,
    };
}

/// <summary>A text that was read before.</summary>
/// <param name="Sha256">Its checksum.</param>
/// <param name="Encoding">Its encoding; null for UTF-8 or the encoding of its byte order mark.</param>
internal sealed record KnownText(string Sha256, string? Encoding);

/// <summary>No place provided the corpus; the message has one line for each place, with the reason.</summary>
internal sealed class CorpusUnavailableException : CorpusException
{
    internal CorpusUnavailableException(string name, IReadOnlyList<SourceFailure> failures)
        : base($"the corpus '{name}' is not to be had:\n"
            + string.Concat(failures.Select(failure => $"  {failure.Source}: {failure.Reason}\n"))
            + "check the network, set a mirror, or give the path of a text file")
    {
        Name = name;
        Failures = failures;
    }

    /// <summary>The corpus's name.</summary>
    public string Name { get; }

    /// <summary>Every place that was tried, in order.</summary>
    public IReadOnlyList<SourceFailure> Failures { get; }
}

/// <summary>A corpus and its local state.</summary>
/// <param name="Entry">The corpus.</param>
/// <param name="State">The state of its file.</param>
/// <param name="Path">The full path of its file, existing or not; empty if there is no cache directory.</param>
/// <param name="Error">What is wrong with the file, in one line; null unless the state is <see cref="CorpusState.Corrupt"/>.</param>
internal sealed record CorpusStatus(CorpusEntry Entry, CorpusState State, string Path, string? Error);

/// <summary>The local state of a corpus.</summary>
internal enum CorpusState
{
    /// <summary>No file.</summary>
    Missing,

    /// <summary>The file has the catalogued size and SHA-256.</summary>
    Verified,

    /// <summary>The file has other bytes or cannot be read; it is never used.</summary>
    Corrupt,
}
