using System.CommandLine;
using System.Security.Cryptography;
using CharLM.Checkpoints;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Tokenization;

namespace CharLM.Cli.Options;

/// <summary>Which text, and where corpora are kept: the one place that reads CHARLM_CACHE and CHARLM_CORPUS_MIRROR.</summary>
internal sealed class CorpusOptions
{
    private readonly Option<string?> _corpus = OptionOf.Text(
        "--corpus", "NAME|PATH|-",
            "A corpus of the catalog (charlm corpus list), a UTF-8 file, or - for standard input; auto is time-machine when it can be had, "
                + "else bundled. [default: auto, or the checkpoint's]");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        _corpus.CompletionSources.Add(_ => [CorpusResolver.Auto, .. Names()]);
        command.Add(_corpus);
    }

    /// <summary>The text that the user asked for, else the one of the checkpoint that is gone on from.</summary>
    /// <exception cref="InvalidConfigException">The checkpoint's text is not in the catalog: only the user knows where it lies.</exception>
    public Task<CorpusText> ReadAsync(ParseResult parse, CorpusRecord? before, CancellationToken cancellationToken) =>
        ReadAsync(parse, Apply(parse, CorpusResolver.Auto, before), cancellationToken);

    /// <summary>What the user asked for, else what a configuration says, else the text of the checkpoint that is gone on from.</summary>
    /// <exception cref="InvalidConfigException">The checkpoint's text is not in the catalog: only the user knows where it lies.</exception>
    public string Apply(ParseResult parse, string under, CorpusRecord? before) =>
        parse.GetValue(_corpus) ?? (under == CorpusResolver.Auto ? NameOf(before) : under);

    /// <summary>The text of a name or path.</summary>
    public static async Task<CorpusText> ReadAsync(ParseResult parse, string corpus, CancellationToken cancellationToken)
    {
        using var report = new DownloadReporter(parse.InvocationConfiguration.Error);
        var resolver = new CorpusResolver(Store(report), report);
        using Stream? input = corpus == CorpusResolver.StandardInput ? StandardStreams.OpenInput() : null;
        // Standard input, and a pipe that is opened, cannot be cancelled while they block: a signal leaves them behind.
        return await Task.Run(() => resolver.ResolveAsync(corpus, input, cancellationToken), cancellationToken)
            .WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Tells once of carriage returns that stay in a text: on a screen nobody sees them, and the model learns to write them.
    /// </summary>
    public static void TellOfReturns(ParseResult parse, CorpusText corpus, TextConfig text)
    {
        if (text is { Cleaning: Cleaning.None, Token: TokenKind.Char } && corpus.Text.Contains("\r\n", StringComparison.Ordinal))
            ErrorLine.Write(parse.InvocationConfiguration.Error,
                $"warning: lines of {corpus.Origin.Name} end with \\r\\n, and --cleaning none keeps the \\r: the model learns to write it "
                    + $"({(OperatingSystem.IsWindows() ? "an editor that saves it with line feeds alone" : "tr -d '\\r'")} takes it away)");
    }

    /// <summary>The corpora that have names.</summary>
    public static CorpusCatalog Catalog() => CorpusCatalog.Load(Path.Combine(AppContext.BaseDirectory, "corpora", "catalog.json"));

    /// <summary>The names of the catalog, for completion.</summary>
    public static IEnumerable<string> Names() => [.. Catalog().Entries.Select(entry => entry.Name)];

    /// <summary>SHA-256 of a corpus, hexadecimal, without fetching anything; null when it is not known.</summary>
    public static async Task<string?> Sha256Async(string corpus, CancellationToken cancellationToken)
    {
        if (Catalog().Find(corpus) is { } entry)
            return entry.Sha256;
        if (corpus == CorpusResolver.Auto || !File.Exists(corpus))
            return null;
        await using FileStream file = SharedFile.OpenRead(corpus);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
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
        return new CorpusStore(Catalog(), settings, report, report);
    }

    private static string NameOf(CorpusRecord? before)
    {
        if (before is null)
            return CorpusResolver.Auto;
        return Catalog().Entries.FirstOrDefault(entry => entry.Sha256 == before.Sha256)?.Name
            ?? throw new InvalidConfigException(
                [$"the checkpoint was trained on '{before.Name}', which is not in the catalog: give it with --corpus"]);
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

    /// <summary>Where fetched corpora are kept when nobody says otherwise; null for a user without a home.</summary>
    public static string? DefaultCache()
    {
        // XDG's on Linux, the local application data elsewhere. A folder in /tmp that anybody can foresee, anybody can fill.
        string? xdg = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string folder = !string.IsNullOrEmpty(xdg) ? xdg
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : home.Length == 0 ? ""
            : Path.Combine(home, OperatingSystem.IsMacOS() ? "Library/Caches" : ".cache");
        return folder.Length == 0 ? null : Path.Combine(folder, "charlm");
    }
}
