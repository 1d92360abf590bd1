using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CharLM.Tests.Corpora;

/// <summary>A client's request: the path and, if it continues a download, the offset.</summary>
internal sealed record LoopbackRequest(string Path, long? RangeStart);

/// <summary>Writes a valid or invalid response to a connection, which is then closed.</summary>
internal delegate Task LoopbackReply(LoopbackRequest request, Stream connection, CancellationToken cancellationToken);

/// <summary>A local web server with scripted misbehaviour: the nth request gets the nth reply, later ones the last.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly LoopbackReply[] _replies;
    private readonly ConcurrentQueue<LoopbackRequest> _requests = new();
    private readonly Task _accepting;
    private int _answered;

    public LoopbackServer(params LoopbackReply[] replies)
    {
        _replies = replies;
        _listener.Start();
        Root = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _accepting = AcceptAsync();
    }

    public Uri Root { get; }

    public IReadOnlyList<LoopbackRequest> Requests => [.. _requests];

    /// <summary>An address where no server listens.</summary>
    public static Uri Closed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/nobody");
    }

    public Uri At(string path) => new(Root, path);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        // Before Stop, since a stopped listener treats the pending call as an error.
        await _accepting;
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
                connections.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using TcpClient owned = client;
        try
        {
            NetworkStream connection = client.GetStream();
            LoopbackRequest request = await ReadRequestAsync(connection, _stop.Token);
            LoopbackReply reply = _replies[Math.Min(Interlocked.Increment(ref _answered), _replies.Length) - 1];
            _requests.Enqueue(request);
            await reply(request, connection, _stop.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client hung up, or the test is over: both are expected.
        }
    }

    private static async Task<LoopbackRequest> ReadRequestAsync(NetworkStream connection, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(connection, Encoding.ASCII, leaveOpen: true);
        string first = await reader.ReadLineAsync(cancellationToken) ?? throw new IOException("hung up");
        long? range = null;
        while (await reader.ReadLineAsync(cancellationToken) is { Length: > 0 } header)
        {
            if (header.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase))
                range = long.Parse(header.AsSpan("Range: bytes=".Length).TrimEnd('-'));
        }
        return new LoopbackRequest(first.Split(' ')[1], range);
    }
}
