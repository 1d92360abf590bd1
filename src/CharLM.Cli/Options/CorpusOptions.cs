using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Help;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Tokenization;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Options;

/// <summary>Options for the text; also the one place that reads CHARLM_CACHE and CHARLM_CORPUS_MIRROR.</summary>
/// <param name="byPosition">Whether texts are also arguments; false where arguments are models.</param>
/// <param name="ofModel">The purpose of the text, if it defaults to the model's own; null otherwise.</param>
/// <param name="instead">The purpose of the option where texts are also arguments.</param>
internal sealed class CorpusOptions(bool byPosition = true, string? ofModel = null, string instead = "Name a text here instead")
{
    private const int MostKinds = 10;

    private readonly Argument<string[]> _texts = Texts("[default: auto, or the checkpoint's text]");
    private readonly Option<string[]?> _corpus = OptionOf.Texts(
        "--corpus", "TEXT", (byPosition ? instead
            : $"{ofModel ?? "The text"}: a corpus, a file, a folder, or - for standard input")
            + $"; repeat it for several. [default: {(ofModel is null ? "auto, or " : "")}the checkpoint's text]");

    /// <summary>The argument for texts.</summary>
    /// <param name="otherwise">The default, as help shows it.</param>
    public static Argument<string[]> Texts(string otherwise)
    {
        var texts = new Argument<string[]>("text")
        {
            HelpName = "text",
            Arity = ArgumentArity.ZeroOrMore,
            Description = "Texts to read as one: files, folders (every text in them), - for standard input, or corpora by name (charlm "
                + $"corpus list). {otherwise}",
        };
        texts.CompletionSources.Add(_ => [CorpusResolver.Auto, .. Names()]);
        return texts;
    }

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        if (byPosition)
            command.Add(_texts);
        _corpus.CompletionSources.Add(_ => [CorpusResolver.Auto, .. Names()]);
        command.Add(HelpGroup.Text, _corpus);
    }

    /// <summary>The texts that the user named; null if none.</summary>
    /// <exception cref="InvalidConfigException">Both arguments and --corpus name texts, or a name is empty.</exception>
    public CorpusNames? Named(ParseResult parse)
    {
        string[] texts = byPosition ? parse.GetValue(_texts) ?? [] : [], corpus = parse.GetValue(_corpus) ?? [];
        if (texts.Length > 0 && corpus.Length > 0)
            throw new InvalidConfigException(
                [$"name the texts in one place: after {parse.CommandResult.Command.Name}, or with --corpus"]);
        return texts.Length + corpus.Length == 0 ? null : NamesOf([.. texts, .. corpus]);
    }

    /// <summary>Whether the arguments name a text of the user's own.</summary>
    public bool NamesOwnText(ParseResult parse) =>
        byPosition && parse.GetValue(_texts) is { Length: > 0 } && Named(parse) is { } names && OwnText.IsOwn(names);

    /// <summary>Checks names and wraps them.</summary>
    /// <exception cref="InvalidConfigException">One is empty.</exception>
    public static CorpusNames NamesOf(string[] names) => names.All(name => name.Length > 0)
        ? [.. names] : throw new InvalidConfigException(["the name of a text is empty"]);

    /// <summary>The texts that the user named, else the configuration's, else those of the checkpoint to continue.</summary>
    /// <exception cref="InvalidConfigException">The checkpoint's text is not in the catalog: only the user knows its path.</exception>
    public CorpusNames Apply(ParseResult parse, CorpusNames under, CorpusRecord? before) =>
        Named(parse) ?? (under.IsAuto ? NameOf(before) : under);

    /// <summary>Reads the texts that the user named, else the model's.</summary>
    /// <exception cref="InvalidConfigException">The model's text is not in the catalog: only the user knows its path.</exception>
    public async Task<CorpusText> ReadAsync(
        ParseResult parse, string? encoding, ISavedModel? model, CancellationToken cancellationToken)
    {
        CorpusText corpus = await ReadAsync(
            parse, Apply(parse, CorpusResolver.Auto, model?.Corpus), encoding, model, cancellationToken);
        if (Named(parse) is null && model is not null && model.Corpus.Sha256 != corpus.Origin.Sha256 && model.Corpus.Texts is not null)
            ErrorLine.Write(parse.InvocationConfiguration.Error,
                $"warning: {Printable.Text(corpus.Origin.Name)} has changed since the model was trained on it: all of it is measured");
        return corpus;
    }

    /// <summary>Reads texts by names and paths.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="corpus">The names.</param>
    /// <param name="encoding">The encoding that the user gave, if any.</param>
    /// <param name="model">A model whose own text is read as in its training; null for none.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async Task<CorpusText> ReadAsync(
        ParseResult parse, CorpusNames corpus, string? encoding, ISavedModel? model, CancellationToken cancellationToken)
    {
        using var report = new DownloadReporter(parse.InvocationConfiguration.Error);
        CorpusResolver resolver = Resolver(report, encoding, model);
        using Stream? input = corpus.Contains(CorpusResolver.StandardInput) ? StandardStreams.OpenInput() : null;
        // Blocking reads of standard input and opening a pipe cannot be cancelled: a signal abandons them.
        return await Task.Run(() => resolver.ResolveAsync(corpus, input, cancellationToken), cancellationToken)
            .WaitAsync(cancellationToken);
    }

    /// <summary>Finds texts on this machine.</summary>
    public static CorpusResolver Resolver(DownloadReporter report, string? encoding, ISavedModel? model) => new(Store(report), report)
    {
        Encoding = model is { Text.Token: TokenKind.Byte } ? TextEncoding.BytesName : encoding,
        Known = model is null ? null : new KnownText(model.Corpus.Sha256, model.Text.Encoding),
        IsRun = WrongFile.IsRun,
    };

    /// <summary>
    /// Warns about characters that cleaning drops from the user's own texts; for the books' texts and cleaning this is known.
    /// </summary>
    public static void TellOfLoss(ParseResult parse, CorpusText corpus, TextConfig text, CancellationToken cancellationToken)
    {
        // If nothing is left, that is reported as an error elsewhere.
        if (corpus.Origin.Kind == CorpusOriginKind.Catalog
            || EncodedText.Of(corpus, text, cancellationToken).Figures.Loss is not { Dropped: > 0, KeepsLetters: true } loss)
            return;
        ErrorLine.Write(parse.InvocationConfiguration.Error,
            $"warning: {Describe(loss, text.Cleaning)} (--cleaning none keeps all, lower changes capitals only)");
    }

    /// <summary>Describes what a cleaning drops.</summary>
    public static string Describe(CleaningLoss loss, Cleaning cleaning)
    {
        string share = loss.Share is > 0 and < 0.001 ? "less than 0.1" : $"{100 * loss.Share:0.#}";
        string more = loss.Kinds.Count > MostKinds ? " ..." : "";
        return $"cleaning {Choices.NameOf(cleaning)} drops {share} % of the characters: "
            + $"{string.Join(' ', loss.Kinds.Take(MostKinds).Select(kind => Printable.Text(kind)))}{more}";
    }

    /// <summary>
    /// Warns once about carriage returns that stay in a text: they are invisible on a screen, and the model learns to write them.
    /// </summary>
    public static void TellOfReturns(
        ParseResult parse, CorpusText corpus, TextConfig text, CancellationToken cancellationToken)
    {
        if (text is { Cleaning: Cleaning.None, Token: TokenKind.Char }
            && EncodedText.Of(corpus, text, cancellationToken).Figures.HasReturns)
            ErrorLine.Write(parse.InvocationConfiguration.Error,
                $"warning: lines of {corpus.Origin.Name} end with \\r\\n, and --cleaning none keeps the \\r: the model learns to write it "
                    + $"({(OperatingSystem.IsWindows() ? "an editor that saves it with line feeds alone" : "tr -d '\\r'")} removes it)");
    }

    /// <summary>The catalog of corpora.</summary>
    public static CorpusCatalog Catalog() => CorpusCatalog.Load(Path.Combine(AppContext.BaseDirectory, "corpora", "catalog.json"));

    /// <summary>The names of the catalog, for completion.</summary>
    public static IEnumerable<string> Names() => [.. Catalog().Entries.Select(entry => entry.Name)];

    /// <summary>SHA-256 of a corpus, hexadecimal, without downloading; null if unknown.</summary>
    public static async Task<string?> Sha256Async(CorpusNames corpus, string? encoding, CancellationToken cancellationToken)
    {
        CorpusCatalog catalog = Catalog();
        if (corpus is [var name] && catalog.Find(name) is { } entry)
            return entry.Sha256;
        // Only local files.
        if (corpus.Any(one => one is CorpusResolver.Auto or CorpusResolver.StandardInput || catalog.Find(one) is not null
            || !Path.Exists(one)))
            return null;
        using var report = new DownloadReporter(TextWriter.Null);
        IReadOnlyList<CorpusPlace> places = await Resolver(report, encoding, null).LocateAsync(corpus, cancellationToken);
        return await Task.Run(
            () => CorpusFiles.Checksums(places, CorpusSettings.LargestText, cancellationToken).Joint, cancellationToken);
    }

    /// <summary>The corpus store of this machine.</summary>
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

    private static CorpusNames NameOf(CorpusRecord? before)
    {
        if (before is null)
            return CorpusResolver.Auto;
        if (Catalog().Entries.FirstOrDefault(entry => entry.Sha256 == before.Sha256) is { } entry)
            return entry.Name;
        if (before.Texts is not { Count: > 0 } texts)
            throw new InvalidConfigException(
                [$"the checkpoint was trained on '{before.Name}', which is not in the catalog: give it with --corpus"]);
        return texts.FirstOrDefault(text => Path.IsPathRooted(text) && !Path.Exists(text)) is { } gone
            ? throw new InvalidConfigException([$"the model's text, {gone}, no longer exists: give it with --corpus"])
            : NamesOf([.. texts]);
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

    /// <summary>The default folder for downloaded corpora; null for a user without a home directory.</summary>
    public static string? DefaultCache()
    {
        // XDG's folder on Linux, the local application data on Windows. Not in /tmp: others could fill a folder with a predictable name.
        string? xdg = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string folder = !string.IsNullOrEmpty(xdg) ? xdg
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : home.Length == 0 ? ""
            : Path.Combine(home, OperatingSystem.IsMacOS() ? "Library/Caches" : ".cache");
        return folder.Length == 0 ? null : Path.Combine(folder, "charlm");
    }
}
