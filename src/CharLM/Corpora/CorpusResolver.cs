using System.Security.Cryptography;
using System.Text;

namespace CharLM.Corpora;

/// <summary>Turns what a user names (a corpus, a path, standard input, or the automatic choice) into a text.</summary>
public sealed class CorpusResolver
{
    /// <summary>The automatic choice: <see cref="Preferred"/> when it can be had, else <see cref="Bundled"/>; the default.</summary>
    public const string Auto = "auto";

    /// <summary>Names standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>The corpus that <see cref="Auto"/> would have.</summary>
    public const string Preferred = "time-machine";

    /// <summary>The corpus that is always there.</summary>
    public const string Bundled = "bundled";

    private const string StandardInputName = "standard input";

    private readonly CorpusStore _store;
    private readonly IProgress<CorpusNotice>? _notices;

    /// <summary>Makes a resolver; touches neither disk nor network.</summary>
    /// <param name="catalog">The corpora that have names.</param>
    /// <param name="settings">Where they are kept and how they are fetched.</param>
    /// <param name="progress">Hears of bytes received; called while the download waits.</param>
    /// <param name="notices">Hears of retries, failed sources, corrupt files and when the automatic choice falls back.</param>
    /// <exception cref="InvalidConfigException">The settings are out of range.</exception>
    public CorpusResolver(CorpusCatalog catalog, CorpusSettings settings, IProgress<DownloadProgress>? progress = null,
        IProgress<CorpusNotice>? notices = null)
        : this(new CorpusStore(catalog, settings, progress, notices), notices)
    {
    }

    /// <summary>Makes a resolver.</summary>
    /// <param name="store">Gives the corpora that have names.</param>
    /// <param name="notices">Hears, in one line, when the automatic choice falls back.</param>
    internal CorpusResolver(CorpusStore store, IProgress<CorpusNotice>? notices = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
        _notices = notices;
    }

    /// <summary>
    /// What texts are in that have no byte order mark, such as gb18030 or latin-1; default null: UTF-8. A mark always wins.
    /// </summary>
    public string? Encoding { get; init; }

    /// <summary>A text that was read before, and what it was in: where no encoding is named, it is read so again; default none.</summary>
    internal KnownText? Known { get; init; }

    /// <summary>Tells run directories, which are passed over in a folder; default none is.</summary>
    internal Func<string, bool> IsRun { get; init; } = _ => false;

    /// <summary>Reads the texts that <paramref name="corpus"/> names, one after the other.</summary>
    /// <param name="corpus">
    /// Each <see cref="Auto"/>, <see cref="StandardInput"/>, a corpus's name, or the path of a file or a folder; a name wins over a file
    /// of the same name, <c>./NAME</c> means the file. Of a folder all texts are read, those in its folders too, in ordinal order of
    /// their names. Between two texts nothing is added but a line end where the first one ends without.
    /// </param>
    /// <param name="standardInput">What <see cref="StandardInput"/> reads; needed for that alone.</param>
    /// <param name="cancellationToken">Ends a download; what has arrived is kept and continued the next time.</param>
    /// <exception cref="UnknownCorpusException">One is no name, and looks like no path.</exception>
    /// <exception cref="CorpusException">
    /// A text is missing, empty, in another encoding, too large or unreadable; a corpus that was asked for by name is not to be had; or
    /// the cache cannot be written.
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
            string sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes.Span));
            // The file was verified, then opened again: what counts is what was read.
            if (place.Sha256 is not null && place.Sha256 != sha256)
                throw CorpusFiles.Changed(place.Location, sha256, place.Sha256);
            read.Add((place, bytes, sha256));
        }
        return Join(corpus, read, encoding);
    }

    /// <summary>Finds every text that is named, reading none.</summary>
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

    /// <summary>Whether a text is named by where it lies: with a slash or a dot.</summary>
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
                // Nobody reachable is nobody reachable: without a network the fallback comes at once.
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

    // A text that is read part by part later: only its checksum requires reading it now.
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
        // Another text than the known one, which is UTF-8 more often than what that is in.
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

/// <summary>A text that was found and is not read yet.</summary>
/// <param name="Requested">What was asked for.</param>
/// <param name="Kind">What kind of thing it is.</param>
/// <param name="Name">What to call it.</param>
/// <param name="Location">The full path, or "standard input".</param>
internal sealed record CorpusPlace(string Requested, CorpusOriginKind Kind, string Name, string Location)
{
    /// <summary>The full path of the folder that was asked for; null when the text itself was.</summary>
    public string? Folder { get; init; }

    /// <summary>The checksum that it must have; null when none is known.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Why it stands in for another text; null when it does not.</summary>
    public string? FallbackReason { get; init; }

    /// <summary>What finds it again: "auto" may mean another text next time, and a path another file elsewhere.</summary>
    public string Again => Kind switch
    {
        CorpusOriginKind.Catalog => Name,
        CorpusOriginKind.StandardInput => CorpusResolver.StandardInput,
        _ => Folder ?? Location,
    };
}

/// <summary>A text that was read before.</summary>
/// <param name="Sha256">Its checksum.</param>
/// <param name="Encoding">What it was in; null for UTF-8, or what its byte order mark said.</param>
internal sealed record KnownText(string Sha256, string? Encoding);

/// <summary>No place gave a corpus; the message has one line for each, with its reason.</summary>
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

/// <summary>A corpus and what this machine has of it.</summary>
/// <param name="Entry">The corpus.</param>
/// <param name="State">What there is.</param>
/// <param name="Path">The full path where it is, or would be; empty where nothing can be kept.</param>
/// <param name="Error">What is wrong with the file, in one line; null unless it is <see cref="CorpusState.Corrupt"/>.</param>
internal sealed record CorpusStatus(CorpusEntry Entry, CorpusState State, string Path, string? Error);

/// <summary>What this machine has of a corpus.</summary>
internal enum CorpusState
{
    /// <summary>No file.</summary>
    Missing,

    /// <summary>The file has the catalogued size and SHA-256.</summary>
    Verified,

    /// <summary>There is a file, but with other bytes, or it cannot be read; it is never used.</summary>
    Corrupt,
}
