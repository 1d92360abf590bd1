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

    /// <summary>Reads the text that <paramref name="corpus"/> names.</summary>
    /// <param name="corpus">
    /// <see cref="Auto"/>, <see cref="StandardInput"/>, a corpus's name, or a path; a name wins over a file of the same
    /// name, <c>./NAME</c> means the file.
    /// </param>
    /// <param name="standardInput">What <see cref="StandardInput"/> reads; needed for that alone.</param>
    /// <param name="cancellationToken">Ends a download; what has arrived is kept and continued the next time.</param>
    /// <exception cref="UnknownCorpusException">It is no name, and looks like no path.</exception>
    /// <exception cref="CorpusException">
    /// The text is missing, empty, no UTF-8, too large or unreadable; a corpus that was asked for by name is not to be had; or the cache
    /// cannot be written.
    /// </exception>
    public async Task<CorpusText> ResolveAsync(string corpus, Stream? standardInput = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        if (corpus == StandardInput)
        {
            ArgumentNullException.ThrowIfNull(standardInput);
            return await ReadStandardInputAsync(standardInput, cancellationToken);
        }
        if (corpus == Auto)
            return await ChooseAsync(cancellationToken);
        if (_store.Catalog.Find(corpus) is { } entry)
            return await ReadAsync(corpus, await _store.GetAsync(entry, retryConnections: true, cancellationToken), cancellationToken);
        if (!LooksLikePath(corpus) && !File.Exists(corpus) && !Directory.Exists(corpus))
            throw new UnknownCorpusException(corpus, [Auto, .. _store.Catalog.Entries.Select(known => known.Name)]);
        string path = Path.GetFullPath(corpus);
        CorpusReader.Result read = await CorpusReader.ReadFileAsync(path, _store.Settings.MaxTextBytes, cancellationToken);
        return TextOf(read, corpus, CorpusOriginKind.File, Path.GetFileName(path), path);
    }

    /// <summary>Whether a text is named by where it lies: with a slash or a dot.</summary>
    internal static bool LooksLikePath(string corpus) => corpus.AsSpan().ContainsAny('/', '.', Path.DirectorySeparatorChar);

    private async Task<CorpusText> ChooseAsync(CancellationToken cancellationToken)
    {
        CorpusEntry preferred = _store.Catalog.Get(Preferred);
        string reason;
        using (var deadline = new CancellationTokenSource(_store.Settings.AutoTimeout, _store.Settings.Clock))
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken))
        {
            try
            {
                // Nobody reachable is nobody reachable: without a network the fallback comes at once.
                return await ReadAsync(Auto, await _store.GetAsync(preferred, retryConnections: false, either.Token), either.Token);
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
        CorpusText bundled = await ReadAsync(
            Auto, await _store.GetAsync(_store.Catalog.Get(Bundled), retryConnections: false, cancellationToken), cancellationToken);
        return bundled with { Origin = bundled.Origin with { FallbackReason = reason } };
    }

    private async Task<CorpusText> ReadAsync(string requested, CorpusFile file, CancellationToken cancellationToken)
    {
        CorpusReader.Result read = await CorpusReader.ReadFileAsync(file.Path, _store.Settings.MaxTextBytes, cancellationToken);
        // The file was verified, then opened again: what counts is what was read.
        if (read.Sha256 != file.Entry.Sha256)
        {
            throw new CorpusFileException(
                CorpusFileError.Changed, file.Path,
                $"{Display.Quote(file.Path)} changed while it was read: SHA-256 is {read.Sha256}, expected {file.Entry.Sha256}; run it "
                    + "again");
        }
        return TextOf(read, requested, CorpusOriginKind.Catalog, file.Entry.Name, file.Path);
    }

    private async Task<CorpusText> ReadStandardInputAsync(Stream standardInput, CancellationToken cancellationToken)
    {
        CorpusReader.Result read;
        try
        {
            read = await CorpusReader.ReadAsync(standardInput, StandardInputName, _store.Settings.MaxTextBytes, cancellationToken);
        }
        catch (IOException e)
        {
            throw new CorpusFileException(
                CorpusFileError.Unreadable, StandardInputName, $"cannot read {StandardInputName}: {Display.OneLine(e.Message)}", e);
        }
        return TextOf(read, StandardInput, CorpusOriginKind.StandardInput, StandardInputName, StandardInputName);
    }

    private static CorpusText TextOf(CorpusReader.Result read, string requested, CorpusOriginKind kind, string name, string location) =>
        new(read.Text, new CorpusOrigin
        {
            Requested = requested,
            Kind = kind,
            Name = name,
            Location = location,
            Sha256 = read.Sha256,
            Bytes = read.Bytes,
        });
}

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

/// <summary>What kind of thing a text was read from.</summary>
public enum CorpusOriginKind
{
    /// <summary>A corpus of the catalog.</summary>
    Catalog,

    /// <summary>A file of the user's.</summary>
    File,

    /// <summary>Standard input.</summary>
    StandardInput,
}

/// <summary>A corpus in memory, not cleaned yet.</summary>
/// <param name="Text">The text, without a byte order mark; never empty.</param>
/// <param name="Origin">Which text it is.</param>
public sealed record CorpusText(string Text, CorpusOrigin Origin);

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
