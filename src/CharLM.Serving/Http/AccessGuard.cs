using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace CharLM.Serving.Http;

/// <summary>
/// Decides who may ask. Other web pages in the user's browser may not, neither by asking across origins nor by giving a name of theirs this
/// machine's address (DNS rebinding); beyond this machine, requests need the key.
/// </summary>
/// <param name="listens">The address that the server listens on.</param>
/// <param name="key">The key; null: none is needed.</param>
internal sealed class AccessGuard(IPAddress listens, string? key)
{
    /// <summary>The bounds of a key's length.</summary>
    public const int ShortestKey = 16, LongestKey = 1_000;

    private readonly byte[]? _key = key is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(key));

    /// <summary>Whether requests need a key.</summary>
    public bool NeedsKey => _key is not null;

    /// <summary>Checks a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="isPage">Whether it is for a part of the page, which holds nothing worth a key and may be linked to.</param>
    /// <exception cref="ApiException">It is refused.</exception>
    public void Check(HttpRequest request, bool isPage)
    {
        if (!IsOurs(request.Host.Host))
            throw new ApiException(
                StatusCodes.Status403Forbidden, "the host header does not name this server: open it by its address", code: "wrong_host");
        string origin = request.Headers.Origin.ToString();
        if (origin.Length > 0 && origin != $"http://{request.Host.Value}")
            throw new ApiException(
                StatusCodes.Status403Forbidden, "pages of other origins may not ask this server", code: "wrong_origin");
        if (isPage)
            return;
        // Requests without an origin, such as those for images, still say where they come from.
        if (request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site")
            throw new ApiException(
                StatusCodes.Status403Forbidden, "pages of other origins may not ask this server", code: "wrong_origin");
        if (_key is not null && !IsKey(request.Headers.Authorization.ToString()))
            throw new ApiException(
                StatusCodes.Status401Unauthorized, "the key is missing or wrong: send it with the header authorization: Bearer KEY",
                code: "invalid_api_key");
    }

    // An address cannot be rebound; a name can.
    private bool IsOurs(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address)
            && (!IPAddress.IsLoopback(listens) || IPAddress.IsLoopback(address)))
        || (!IPAddress.IsLoopback(listens) && host.Equals(Dns.GetHostName(), StringComparison.OrdinalIgnoreCase));

    private bool IsKey(string authorization)
    {
        const string Scheme = "Bearer ";
        return authorization.Length <= Scheme.Length + LongestKey
            && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(
                SHA256.HashData(Encoding.UTF8.GetBytes(authorization[Scheme.Length..].Trim())), _key);
    }
}
