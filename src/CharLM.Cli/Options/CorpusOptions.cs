using System.CommandLine;
using CharLM.Cli.Reporting;
using CharLM.Corpora;

namespace CharLM.Cli.Options;

/// <summary>Which text, and where corpora are kept: the one place that reads CHARLM_CACHE and CHARLM_CORPUS_MIRROR.</summary>
internal sealed class CorpusOptions
{
    private readonly Option<string?> _corpus = OptionOf.Text("--corpus", "NAME|PATH|-", "A corpus of the catalog, a UTF-8 file, or - for standard input; auto is time-machine when it can be had, else bundled. [default: auto]");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command) => command.Add(_corpus);

    /// <summary>The text that the user asked for.</summary>
    public Task<CorpusText> ReadAsync(ParseResult parse, CancellationToken cancellationToken) =>
        ReadAsync(parse, parse.GetValue(_corpus) ?? CorpusResolver.Auto, cancellationToken);

    /// <summary>The text of a name or path.</summary>
    public static async Task<CorpusText> ReadAsync(ParseResult parse, string corpus, CancellationToken cancellationToken)
    {
        using var report = new DownloadReporter(parse.InvocationConfiguration.Error);
        var resolver = new CorpusResolver(Store(report), report);
        using Stream? input = corpus == CorpusResolver.StandardInput ? Console.OpenStandardInput() : null;
        return await resolver.ResolveAsync(corpus, input, cancellationToken);
    }

    /// <summary>The store of this machine.</summary>
    public static CorpusStore Store(DownloadReporter report)
    {
        string? cache = Environment.GetEnvironmentVariable("CHARLM_CACHE");
        string? mirror = Environment.GetEnvironmentVariable("CHARLM_CORPUS_MIRROR");
        var settings = new CorpusSettings
        {
            CacheDirectory = string.IsNullOrEmpty(cache) ? DefaultCache() : Path.GetFullPath(cache),
            Mirror = string.IsNullOrEmpty(mirror) ? null : ParseMirror(mirror),
        };
        var catalog = CorpusCatalog.Load(Path.Combine(AppContext.BaseDirectory, "corpora", "catalog.json"));
        return new CorpusStore(catalog, settings, report, report);
    }

    private static CorpusMirror ParseMirror(string mirror)
    {
        try
        {
            return CorpusMirror.Parse(mirror);
        }
        catch (FormatException e)
        {
            throw new InvalidConfigException([$"CHARLM_CORPUS_MIRROR: {e.Message}"]);
        }
    }

    // The user's cache folder: XDG's on Linux, the local application data elsewhere; a machine without a home has /tmp.
    private static string DefaultCache()
    {
        string? xdg = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string folder = !string.IsNullOrEmpty(xdg) ? xdg
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : home.Length > 0 ? Path.Combine(home, OperatingSystem.IsMacOS() ? "Library/Caches" : ".cache")
            : Path.GetTempPath();
        return Path.Combine(folder, "charlm");
    }
}
