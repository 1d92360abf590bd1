using System.Text.Json.Serialization;

namespace CharLM.Corpora;

/// <summary>A file at a public http or https address.</summary>
/// <remarks>
/// Plain http is allowed, since D2L's data hub is published so: that the bytes are the right ones is told by their
/// SHA-256, not by the connection.
/// </remarks>
public sealed record HttpSource : CorpusSource
{
    /// <summary>The absolute address, http or https, without credentials.</summary>
    public required Uri Address { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Label => Address.ToString();

    internal override string? Fault() => FaultOf(Address);

    internal static string? FaultOf(Uri address)
    {
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
            return $"{Display.Quote(address.OriginalString)} is no http or https address";
        // Not quoted: the address would carry the secret into logs.
        return address.UserInfo.Length > 0 ? $"the address on {address.Host} holds credentials; give one without" : null;
    }
}
