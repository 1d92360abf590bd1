namespace CharLM.Corpora;

/// <summary>A directory or a base address that has the corpora's files by name; it is tried before the catalogued sources.</summary>
public sealed record CorpusMirror
{
    private CorpusMirror()
    {
    }

    /// <summary>The full path of the directory, or null.</summary>
    public string? Directory { get; private init; }

    /// <summary>The base address, ending in a slash, or null.</summary>
    public Uri? Address { get; private init; }

    /// <summary>Reads a mirror: an existing directory, or an http or https address.</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static CorpusMirror Parse(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (System.IO.Directory.Exists(value))
            return new CorpusMirror { Directory = Path.GetFullPath(value) };
        if (!value.Contains("://", StringComparison.Ordinal) || !Uri.TryCreate(value, UriKind.Absolute, out Uri? address))
            throw new FormatException($"the corpus mirror {Display.Quote(value)} is neither an existing directory nor an http or https address");
        if (HttpSource.FaultOf(address) is { } fault)
            throw new FormatException($"corpus mirror: {fault}");
        if (address.Query.Length > 0 || address.Fragment.Length > 0)
            throw new FormatException($"the corpus mirror {Display.Quote(value)} has a query or a fragment; file names are put at its end, so give a plain base address");
        return new CorpusMirror { Address = new Uri(address.AbsoluteUri.TrimEnd('/') + '/') };
    }

    /// <inheritdoc/>
    public override string ToString() => Directory ?? Address!.ToString();
}
