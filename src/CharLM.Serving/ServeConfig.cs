using System.Net;
using CharLM.Serving.Http;
using CharLM.Workbench.Runs;

namespace CharLM.Serving;

/// <summary>How a server listens, and what it allows.</summary>
internal sealed record ServeConfig
{
    /// <summary>The port unless another is given.</summary>
    public const int DefaultPort = 8321;

    /// <summary>The address to listen on: an IP address or localhost; default this machine only.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>The port, 0 to 65,535; 0: any free one.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>The secret that requests must carry; required beyond this machine; default null: none.</summary>
    public string? Key { get; init; }

    /// <summary>The folder of the runs to show.</summary>
    public string RunsFolder { get; init; } = RunDirectory.DefaultParent;

    /// <summary>The bounds of requests.</summary>
    public ServeLimits Limits { get; init; } = new();

    /// <summary>The parsed <see cref="Host"/>; null if it is not an address.</summary>
    internal IPAddress? Address => Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback
        : IPAddress.TryParse(Host, out IPAddress? address) ? address : null;

    /// <summary>Every error of the configuration; empty when there is none.</summary>
    public IEnumerable<string> Errors()
    {
        if (Address is null)
            yield return $"host must be an IP address, such as 127.0.0.1 or 0.0.0.0 (every interface), or localhost; not '{Host}'";
        if (Port is < 0 or > IPEndPoint.MaxPort)
            yield return $"port must be 0 (any free one) to {IPEndPoint.MaxPort}, not {Port}";
        if (Key is { Length: < AccessGuard.ShortestKey or > AccessGuard.LongestKey } || Key?.All(c => c is > ' ' and < '\x7f') == false)
            yield return $"the key must have {AccessGuard.ShortestKey} to {AccessGuard.LongestKey} letters, digits or signs of ASCII "
                + "without spaces: make one with openssl rand -hex 16";
        if (Address is { } address && !IPAddress.IsLoopback(address) && Key is null)
            yield return $"host {Host} can be reached from other machines: that takes a key";
    }
}
