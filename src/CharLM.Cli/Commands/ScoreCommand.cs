using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Workbench.Reports;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm score</c>.</summary>
internal sealed class ScoreCommand : Verb
{
    private const int MostExpected = 1000;

    // Characters of the lines that are scored side by side.
    private const long MostAtOnce = 1 << 17;

    private readonly Argument<string[]> _texts = CorpusOptions.Texts("[default: -]");
    private readonly SavedModelOptions _model = new();
    private readonly Option<string?> _encoding = TextOptions.Encoding();
    private readonly Option<bool> _perChar = new("--per-char")
    {
        Description = "Print a row per token instead: line, position, character, nats, bits, separated by tabs.",
    };
    private readonly Option<int?> _top = OptionOf.Integer(
        "--top", "N", "Add what the model expected: a row per token as with --per-char, with the N most probable tokens and their "
            + "probabilities, and one more after the last. [default: 0]");
    private readonly Option<bool> _carryState = new("--carry-state")
    {
        Description = "Read the lines as one text; without it each line is read by itself.",
    };
    private readonly PageOption _html = new("score.html", "with the text coloured by surprisal");
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<bool> _json = new("--json") { Description = "Print a JSON object per line." };

    public ScoreCommand()
        : base("score", "Show how much each line of a text surprises a model: nats, bits per character, and the line, separated by tabs.")
    {
        Add(_texts);
        _model.AddTo(this);
        foreach (Option option in new Option[] { _encoding, _perChar, _top, _carryState, _html.Option })
            Add(option);
        _runtime.AddTo(this);
        Add(_json);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm score mybook.txt | sort -rn | head", "the most surprising lines of a text"),
        ("echo \"hello\" | charlm score --per-char", "how surprising each character is"),
        ("echo \"hello\" | charlm score --top 5", "what the model expected instead"),
        ("charlm score a.txt b.txt --json", "lines of several texts as JSON"),
        ("charlm score mybook.txt --top 5 --html", "a page that also shows what was expected"),
    ];

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        InvalidConfigException.ThrowIfAny(
            [.. _runtime.Errors(parse), .. parse.GetValue(_json) && parse.GetValue(_perChar)
                ? ["json already has all characters of a line: leave --per-char out"] : Array.Empty<string>(),
                .. parse.GetValue(_top) is < 0 or > MostExpected
                ? [$"top must be 0 (none) to {MostExpected}, not {parse.GetValue(_top)}"] : Array.Empty<string>()]);
        CorpusNames names = parse.GetValue(_texts) is { Length: > 0 } named ? CorpusOptions.NamesOf(named) : CorpusResolver.StandardInput;
        TextEncoding? encoding = EncodingOf(parse);
        string path = _model.Path(parse);
        ISavedModel saved = ModelFile.Read(path);
        string? page = _html.FileOf(parse);
        using var report = new DownloadReporter(parse.InvocationConfiguration.Error);
        IReadOnlyList<CorpusPlace> places = await CorpusOptions.Resolver(report, encoding?.Name, null)
            .LocateAsync(names, cancellationToken);
        if (places is [{ Kind: not CorpusOriginKind.StandardInput } only])
            Open(only).Dispose();
        if (saved.Text.Token == TokenKind.Byte)
            encoding = TextEncoding.Find(TextEncoding.BytesName);
        var tokenizer = Tokenizer.Create(saved.Text.Token);
        using ILanguageModel model = _runtime.Open(saved, parse);
        using var scorer = new LineScorer(model, saved.Text, saved.Vocab, parse.GetValue(_carryState), parse.GetValue(_top) ?? 0);
        ScorePage? scored = page is null ? null : new ScorePage(saved.Vocab, tokenizer.TokenSeparator);
        // A blocking read of standard input cannot be cancelled: Ctrl+C abandons it.
        int exitCode = await Task.Run(
            () => Score(parse, scorer, tokenizer, saved.Vocab, places, encoding, scored, cancellationToken), cancellationToken)
            .WaitAsync(cancellationToken);
        if (page is not null && exitCode == ExitCode.Done)
        {
            TextWriter error = parse.InvocationConfiguration.Error;
            PageOption.Write(page, scored!.Page(path, places.Count == 1 ? places[0].Name : $"{places.Count} texts"), error);
            // Standard output holds the lines, for programs.
            error.WriteLine(PageOption.Describe(page));
        }
        return exitCode;
    }

    private TextEncoding? EncodingOf(ParseResult parse) => parse.GetValue(_encoding) is not { } name ? null
        : TextEncoding.Find(name) ?? throw new InvalidConfigException([TextEncoding.ErrorOf(name)!]);

    // One text: if a file ends without a line end, the next one still begins a new line.
    private static IEnumerable<(CorpusPlace Place, TextLine Line)> Lines(IReadOnlyList<CorpusPlace> places, TextEncoding? encoding)
    {
        for (int i = 0; i < places.Count; i++)
        {
            using Stream input = Open(places[i]);
            foreach (TextLine line in LineReader.Read(input, places[i].Location, encoding))
                yield return (places[i], line.End.Length == 0 && i < places.Count - 1 ? line with { End = "\n" } : line);
        }
    }

    private static Stream Open(CorpusPlace place)
    {
        if (place.Kind == CorpusOriginKind.StandardInput)
            return StandardStreams.OpenInput();
        try
        {
            return SharedFile.OpenRead(place.Location);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CorpusReader.ErrorOf(place.Location, e);
        }
    }

    private int Score(
        ParseResult parse, LineScorer scorer, Tokenizer tokenizer, Vocab vocab, IReadOnlyList<CorpusPlace> places, TextEncoding? encoding,
            ScorePage? page, CancellationToken cancellationToken)
    {
        string location = places.Count == 1 ? places[0].Location : $"the {places.Count} texts";
        TextWriter output = parse.InvocationConfiguration.Output;
        int top = Math.Min(parse.GetValue(_top) ?? 0, vocab.Count);
        (bool json, bool perChar) = (parse.GetValue(_json), parse.GetValue(_perChar) || top > 0);
        bool isOneText = parse.GetValue(_carryState);
        LineScore? last = null;
        long number = 0, tokens = 0, unknown = 0, content = 0, knownContent = 0;
        foreach ((CorpusPlace place, TextLine line, LineScore score) in Scores(scorer, places, encoding, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (perChar && !json && number == 0)
                output.WriteLine("line\tposition\tcharacter\tnats\tbits"
                    + string.Concat(Enumerable.Range(1, top).Select(place => $"\ttop{place}\tp{place}")));
            last = score;
            page?.Add(score, tokenizer.ToText(line.Text));
            number++;
            tokens += score.Tokens.Count;
            unknown += score.Unknown;
            // Line ends do not count as content: every text has them.
            int[] ids = [.. score.Tokens.Zip(score.Ids).Where(pair => pair.First is not ("\n" or "\r" or Vocab.End))
                .Select(pair => pair.Second)];
            content += ids.Length;
            knownContent += ids.Count(id => id != Vocab.UnknownId);
            if (json)
                output.WriteLine(JsonOutput.Line(
                    Row(number, tokenizer.ToText(line.Text), score, places.Count == 1 ? null : place.Name, vocab)));
            else if (perChar)
            {
                PrintEach(output, number, score, vocab, top);
                // In one text, the next line's first row shows the prediction.
                if (!isOneText)
                    PrintNext(output, number, score, vocab, top);
            }
            else
            {
                string text = Printable.Text(tokenizer.ToText(line.Text));
                output.WriteLine($"{Number(NatsOf(score))}\t{Number(score.BitsPerCharacter)}\t{text}");
            }
        }
        if (isOneText && perChar && !json && last is not null)
            PrintNext(output, number, last, vocab, top);
        if (knownContent == 0)
        {
            ErrorLine.Write(parse.InvocationConfiguration.Error, content == 0
                ? $"{location} has no text to score"
                : $"vocab mismatch: none of the {Figure.Count(content)} tokens of {location} is in the model's vocab");
            return ExitCode.Failed;
        }
        if (unknown > 0)
            ErrorLine.Write(parse.InvocationConfiguration.Error,
                $"warning: {Figure.Count(unknown)} of {Figure.Count(tokens)} tokens are read as {Vocab.Unknown}");
        return ExitCode.Done;
    }

    private static IEnumerable<(CorpusPlace Place, TextLine Line, LineScore Score)> Scores(
        LineScorer scorer, IReadOnlyList<CorpusPlace> places, TextEncoding? encoding, CancellationToken cancellationToken)
    {
        var input = new ReadAhead<(CorpusPlace Place, TextLine Line)>(
            Lines(places, encoding), entry => entry.Line.Text.Length + 1, MostAtOnce);
        foreach (IReadOnlyList<(CorpusPlace Place, TextLine Line)> group in input.Groups(cancellationToken))
        {
            IReadOnlyList<LineScore> scores = scorer.Score([.. group.Select(entry => entry.Line)], cancellationToken);
            for (int i = 0; i < group.Count; i++)
                yield return (group[i].Place, group[i].Line, scores[i]);
        }
    }

    private static void PrintEach(TextWriter output, long line, LineScore score, Vocab vocab, int top)
    {
        for (int i = 0; i < score.Tokens.Count; i++)
            output.WriteLine(
                $"{line}\t{i + 1}\t{Printable.Text(score.Tokens[i])}\t{Number(score.Nats[i])}\t{Number(score.Nats[i] / Math.Log(2))}"
                    + (top == 0 ? "" : Cells(score.Expected[i], vocab, top)));
    }

    // The prediction after the last token: a row without a token of its own.
    private static void PrintNext(TextWriter output, long line, LineScore score, Vocab vocab, int top)
    {
        if (top > 0)
            output.WriteLine($"{line}\t{score.Tokens.Count + 1}\t\t\t{Cells(score.Next, vocab, top)}");
    }

    private static string Cells(IReadOnlyList<TopPrediction> expected, Vocab vocab, int top) => expected.Count == 0
        ? string.Concat(Enumerable.Repeat("\t\t", top))
        : string.Concat(expected.Select(token => $"\t{Printable.Text(vocab[token.Token])}\t{Number(token.Probability)}"));

    private static object[] Json(IReadOnlyList<TopPrediction> expected, Vocab vocab) =>
        [.. expected.Select(token => new { Token = vocab[token.Token], token.Probability })];

    private static object Row(long number, string text, LineScore score, string? file, Vocab vocab) => new
    {
        File = file,
        Line = number,
        Nats = score.Total.Total,
        BitsPerCharacter = score.Characters == 0 ? (double?)null : score.BitsPerCharacter,
        score.Characters,
        score.Unknown,
        Text = text,
        Tokens = score.Tokens.Select((token, i) => score.Expected.Count == 0
            ? (object)new { Token = token, Nats = Finite(score.Nats[i]) }
            : new { Token = token, Nats = Finite(score.Nats[i]), Expected = Json(score.Expected[i], vocab) }),
        Next = score.Next.Count == 0 ? null : Json(score.Next, vocab),
    };

    private static float? Finite(float nats) => float.IsFinite(nats) ? nats : null;

    // nan, as table readers expect, for a line that cleaning leaves empty: nothing was predicted.
    private static double NatsOf(LineScore score) => score.Characters == 0 ? double.NaN : score.Total.Total;

    private static string Number(double value) => double.IsNaN(value) ? "nan" : value.ToString("0.0000");
}
