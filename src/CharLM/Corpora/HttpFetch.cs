using System.Net;
using System.Net.Http.Headers;

namespace CharLM.Corpora;

/// <summary>Downloads a corpus from an address: continues a partial file and retries temporary failures.</summary>
internal sealed class HttpFetch(
    Uri address, CorpusSettings settings, bool retryConnections, IProgress<DownloadProgress>? progress, IProgress<CorpusNotice>? notices)
        : SourceFetch
{
    public override string Label => address.ToString();

    public override async Task FetchAsync(PartialFile partial, CancellationToken cancellationToken)
    {
        // One client per fetch: a corpus is fetched once, so no connection is worth keeping.
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = settings.ConnectTimeout })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("CharLM");
        // A server that sends a byte now and then would never stall and never finish.
        TimeSpan allowed = settings.TimeFor(partial.Entry);
        using var deadline = new CancellationTokenSource(allowed, settings.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await RetryAsync(partial.Entry, settings, retryConnections, notices, token =>
                ContinueOrRestartAsync(client, partial, token), either.Token);
        }
        catch (OperationCanceledException e) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new FetchException(
                FetchError.Permanent,
                    $"took more than {allowed.TotalSeconds:0.#} s, at {partial.Length:N0} of {Display.Bytes(partial.Entry.Bytes)}", e);
        }
    }

    private async Task ContinueOrRestartAsync(HttpClient client, PartialFile partial, CancellationToken cancellationToken)
    {
        long start = partial.Length;
        try
        {
            await TransferAsync(client, partial, start, cancellationToken);
        }
        catch (FetchException e) when (e.Error == FetchError.Mismatch && start > 0)
        {
            // The partial file may be wrong rather than this source's bytes: only a whole transfer tells.
            await TransferAsync(client, partial, 0, cancellationToken);
        }
    }

    private async Task TransferAsync(HttpClient client, PartialFile partial, long start, CancellationToken cancellationToken)
    {
        // A partial file of full length only needs verifying: the download ended just before the rename.
        if (start < partial.Entry.Bytes)
            await DownloadAsync(client, partial, start, cancellationToken);
        await partial.VerifyAsync(cancellationToken);
    }

    private async Task DownloadAsync(HttpClient client, PartialFile partial, long start, CancellationToken cancellationToken)
    {
        CorpusEntry entry = partial.Entry;
        using var stall = new CancellationTokenSource(settings.StallTimeout, settings.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, cancellationToken);
        long received = 0;
        try
        {
            using HttpResponseMessage response = await SendAsync(client, start, either.Token);
            start = Accept(response, start, entry);
            await using Stream body = await response.Content.ReadAsStreamAsync(either.Token);
            await partial.ReceiveAsync(body, start, Moved, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // A server that never answered is not worth a retry; a transfer that made progress is.
            throw stall.IsCancellationRequested
                ? new FetchException(
                    received > start ? FetchError.Transient : FetchError.Permanent,
                    $"sent nothing for {settings.StallTimeout.TotalSeconds} s, at {received:N0} of {Display.Bytes(entry.Bytes)}", e)
                : new FetchException(FetchError.Permanent, $"no connection within {settings.ConnectTimeout.TotalSeconds} s", e);
        }
        catch (HttpRequestException e)
        {
            bool unreached = e.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError
                or HttpRequestError.ProxyTunnelError or HttpRequestError.SecureConnectionError;
            // Only the inner message says what went wrong with TLS.
            string reason = e is { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: { } inner } ? inner.Message
                : e.Message;
            throw new FetchException(unreached ? FetchError.NoConnection : FetchError.Transient, reason, e);
        }

        void Moved(long bytes)
        {
            stall.CancelAfter(settings.StallTimeout);
            received = bytes;
            progress?.Report(new DownloadProgress(entry.Name, Label, bytes, entry.Bytes));
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpClient client, long start, CancellationToken cancellationToken)
    {
        Uri at = address;
        for (int redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, at);
            request.Headers.AcceptEncoding.ParseAdd("identity");
            if (start > 0)
                request.Headers.Range = new RangeHeaderValue(start, null);
            HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
                or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect))
                return response;
            using (response)
            {
                if (redirects == settings.MaxRedirects)
                    throw new FetchException(FetchError.Permanent, $"redirects more than {settings.MaxRedirects} times");
                at = Redirected(at, response);
            }
        }
    }

    private static Uri Redirected(Uri from, HttpResponseMessage response)
    {
        // Read as text, since Headers.Location turns "/path" into a file: address on Unix.
        string? location = response.Headers.TryGetValues("Location", out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
        if (location is null || !Uri.TryCreate(from, location, out Uri? to))
            throw new FetchException(FetchError.Permanent, $"redirects to no address ({(int)response.StatusCode})");
        return HttpSource.ErrorOf(to) is { } error
            ? throw new FetchException(FetchError.Permanent, $"redirect refused: {error}")
            : to;
    }

    // The offset in the corpus at which the body starts; throws when the response is unusable.
    private static long Accept(HttpResponseMessage response, long start, CorpusEntry entry)
    {
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && start > 0)
            throw new FetchException(FetchError.Mismatch, $"has nothing after {Display.Bytes(start)}");
        if (!response.IsSuccessStatusCode)
        {
            bool mayPass = (int)response.StatusCode >= 500
                || response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests;
            throw new FetchException(
                mayPass ? FetchError.Transient : FetchError.Permanent, $"answers {(int)response.StatusCode} {response.ReasonPhrase}");
        }
        ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
        bool partial = response.StatusCode == HttpStatusCode.PartialContent;
        if (partial && range?.From != start)
            throw new FetchException(FetchError.Mismatch, "sends another part than was asked for");
        long from = partial ? start : 0;
        long? whole = partial ? range?.Length : response.Content.Headers.ContentLength;
        return whole is null || whole == entry.Bytes
            ? from
            : throw new FetchException(FetchError.Permanent, $"has {Display.Bytes(whole.Value)}, the catalog says {entry.Bytes:N0}");
    }
}

/// <summary>One source failed; its message becomes the reason in a <see cref="SourceFailure"/>.</summary>
internal sealed class FetchException(FetchError error, string reason, Exception? inner = null)
    : Exception(Display.OneLine(reason), inner)
{
    public FetchError Error { get; } = error;
}

/// <summary>Whether a failed transfer is worth retrying.</summary>
internal enum FetchError
{
    /// <summary>Temporary: a cut or stalled connection, a busy server.</summary>
    Transient,

    /// <summary>No server was reached: like <see cref="Transient"/>, but not worth waiting for when there is an alternative.</summary>
    NoConnection,

    /// <summary>The bytes are not the catalogued ones; after a resumed transfer, a complete one may still succeed.</summary>
    Mismatch,

    /// <summary>Permanent.</summary>
    Permanent,
}

/// <summary>Reads another stream up to a limit, since a small archive may unpack to any size.</summary>
internal sealed class BoundedStream(Stream inner, long limit) : Stream
{
    private long _total;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _total;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Count(inner.Read(buffer, offset, count));

    public override int Read(Span<byte> buffer) => Count(inner.Read(buffer));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Count(await inner.ReadAsync(buffer, cancellationToken));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Count(int read) => (_total += read) <= limit
        ? read
        : throw new FetchException(FetchError.Permanent, $"unpacks to more than {Display.Bytes(limit)}");
}
