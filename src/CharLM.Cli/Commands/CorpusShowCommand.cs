using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Tokenization;
using CharLM.Workbench.Statistics;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm corpus show</c>.</summary>
internal sealed class CorpusShowCommand : Verb
{
    private const int MostFrequent = 20;
    private const int NGramsOfPage = 3;
    private const int FirstLines = 5;
    private const int WidestLine = 120;
    private const int MostNamed = 10;

    private readonly Argument<string[]> _texts = CorpusOptions.Texts("[default: auto]");
    private readonly TextOptions _text = new();
    private readonly Option<int?> _nGrams = OptionOf.Integer(
        "--ngrams", "N", "Also count characters, words and their n-grams of up to N tokens, 1 to 5: Zipf's law, the vocab by min-freq, "
            + "lengths of lines, scripts. [default: 3 with --html, else 0]");
    private readonly PageOption _html = new("corpus.html", "with charts of these counts");
    private readonly Option<bool> _json = OptionOf.Json();

    public CorpusShowCommand()
        : base("show", "Show what a text looks like to a model: size, vocab, frequent tokens, first lines, what cleaning drops.")
    {
        Add(_texts);
        _text.AddTo(this, splits: false);
        Add(_nGrams);
        Add(_html.Option);
        Add(_json);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm corpus show mybook.txt", "a text after the default cleaning"),
        ("charlm corpus show texts/ --cleaning none", "every text in a folder, uncleaned"),
        ("charlm corpus show tang.txt --encoding gb18030", "a text that is not UTF-8"),
        ("charlm corpus show mybook.txt --html", "a page: frequencies, Zipf's law, lines, scripts"),
    ];

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        TextConfig config = _text.Apply(parse, new TextConfig { MaxTokens = 0 });
        config.Validate();
        string? page = _html.FileOf(parse);
        int nGrams = parse.GetValue(_nGrams) ?? (page is null ? 0 : NGramsOfPage);
        if (nGrams is < 0 or > NGramCounter.LongestOrder || (nGrams == 0 && page is not null))
            throw new InvalidConfigException(
                [$"ngrams must be {(page is null ? "0 (none)" : "1")} to {NGramCounter.LongestOrder}, not {nGrams}"]);
        CorpusNames names = parse.GetValue(_texts) is { Length: > 0 } named ? CorpusOptions.NamesOf(named) : CorpusResolver.Auto;
        CorpusText corpus = await CorpusOptions.ReadAsync(parse, names, config.ReadAs, null, cancellationToken);
        EncodedText text = EncodedText.CountOf(corpus, config, cancellationToken);
        Vocab vocab = text.VocabOf(config.MinFreq);
        List<TokenCount> frequent = [.. vocab.Tokens.Zip(vocab.Frequencies, (token, count) => new TokenCount(token, count))
            .Where(count => count.Count > 0).Take(MostFrequent)];
        List<string> lines = FirstCleaned(corpus, config.Cleaning);
        CleaningLoss loss = text.Figures.Loss;
        TextStatistics? statistics = nGrams == 0 ? null
            : TextStatistics.Of(corpus, config, nGrams, cancellationToken: cancellationToken);
        var counts = statistics is null ? null : new StatisticsPage(statistics, corpus.Origin.Name, config.Cleaning);
        if (page is not null)
            PageOption.Write(page, counts!.Page(), parse.InvocationConfiguration.Error);
        TextWriter output = parse.InvocationConfiguration.Output;
        if (parse.GetValue(_json))
        {
            output.WriteLine(JsonOutput.Line(new
            {
                corpus.Origin.Name,
                corpus.Origin.Location,
                corpus.Origin.Sha256,
                corpus.Origin.Bytes,
                corpus.Origin.Encoding,
                Texts = corpus.Origin.Parts.Select(part => new { part.Name, part.Location, part.Sha256, part.Bytes }),
                loss.Characters,
                DroppedCharacters = loss.Dropped,
                DroppedKinds = loss.Kinds.Take(MostFrequent),
                Cleaning = Choices.NameOf(config.Cleaning),
                Token = Choices.NameOf(config.Token),
                Tokens = text.Length,
                VocabSize = vocab.Count,
                Frequent = frequent.Select(count => new { count.Token, count.Count }),
                FirstLines = lines,
                Statistics = statistics is null ? null : StatisticsLines.Json(statistics, nGrams),
                Page = page,
            }));
            return ExitCode.Done;
        }
        output.WriteLine($"{corpus.Origin.Name}  {corpus.Origin.Location}");
        output.WriteLine(
            $"{Figure.Count(corpus.Origin.Bytes)} bytes, {Figure.Count(loss.Characters)} characters, SHA-256 {corpus.Origin.Sha256}");
        if (corpus.Origin.Parts.Count > 1)
            output.WriteLine($"{corpus.Origin.Parts.Count} texts: {NamesOf(corpus.Origin.Parts)}");
        output.WriteLine($"cleaned as {Choices.NameOf(config.Cleaning)}, {Choices.NameOf(config.Token)} tokens: "
            + $"{Figure.Count(text.Length)}, vocab {Figure.Count(vocab.Count)}");
        if (loss.Dropped > 0)
            output.WriteLine(CorpusOptions.Describe(loss, config.Cleaning));
        IEnumerable<string> shown = frequent.Select(
            count => $"{(count.Token == " " ? "' '" : Printable.Text(count.Token, WidestLine))} {Figure.Count(count.Count)}");
        output.WriteLine($"most frequent: {string.Join("  ", shown)}");
        output.WriteLine(config.Cleaning == Cleaning.None ? "first lines:" : "first lines, cleaned:");
        foreach (string line in lines)
            output.WriteLine($"  {Printable.Text(line, WidestLine)}");
        foreach (string line in counts is null ? [] : StatisticsLines.Describe(counts))
            output.WriteLine(line);
        if (page is not null)
            output.WriteLine(PageOption.Describe(page));
        return ExitCode.Done;
    }

    // Line by line, although the book's cleaning joins them: people look for the lines of the text.
    private static List<string> FirstCleaned(CorpusText corpus, Cleaning cleaning)
    {
        const int Glance = 1 << 16;
        string cleaned = TextCleaner.Clean(corpus.Beginning(Glance), cleaning, "\n");
        return [.. cleaned.Split('\n', FirstLines + 1).Take(FirstLines).Select(line => line.TrimEnd('\r'))];
    }

    private static string NamesOf(IReadOnlyList<CorpusPart> parts)
    {
        string names = string.Join(", ", parts.Take(MostNamed).Select(part => Printable.Text(part.Name)));
        return parts.Count > MostNamed ? $"{names} and {parts.Count - MostNamed} more" : names;
    }
}
