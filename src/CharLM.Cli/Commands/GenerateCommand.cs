using System.CommandLine;
using System.Text;
using CharLM.Checkpoints;
using CharLM.Cli.Help;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Models.Fused.Quantized;
using CharLM.Tokenization;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm generate</c>.</summary>
internal sealed class GenerateCommand : Verb
{
    private readonly RuntimeOptions _runtime = new();
    private readonly GenerationOptions _generation = new();
    private readonly SavedModelOptions _model = new();
    private readonly Argument<string?> _words = new("text")
    {
        HelpName = "text",
        Arity = ArgumentArity.ZeroOrOne,
        Description = "The text to continue, in quotes. [default: a typical beginning of the model's text]",
    };
    private readonly Option<string?> _prefix = OptionOf.Text(
        "--prefix", "TEXT", "Give the text to continue here instead. [default: a typical beginning of the model's text]");
    private readonly Option<bool> _interactive = new("--interactive")
    {
        Description = "Read lines from standard input and continue each, as one growing text that begins with --prefix.",
    };
    private readonly Option<WeightBits?> _bits = RuntimeOptions.Bits();
    private readonly NoveltyOptions _novelty = new();
    private readonly Option<bool> _json = OptionOf.Json();

    public GenerateCommand()
        : base("generate", "Generate text with a trained model, continuing yours.")
    {
        Add(_words);
        _model.AddTo(this);
        Add(_prefix);
        Add(_interactive);
        _generation.AddTo(this);
        _novelty.AddTo(this);
        Add(_json);
        _runtime.AddTo(this);
        this.Add(HelpGroup.Machine, _bits);
    }

    /// <inheritdoc/>
    public override string[] CommonOptions =>
    [
        "--checkpoint", "--length", "--temperature", "--top-k", "--top-p", "--samples", "--stop", "--seed", "--interactive", "--novelty",
        "--json",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm generate \"Once upon a time\"", "continue a text with the model that was trained last"),
        ("charlm generate \"Dear\" --temperature 0.8 --samples 3", "generate three different texts"),
        ("charlm generate --checkpoint runs/mine --interactive", "continue what you type"),
    ];

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        string path = _model.Path(parse);
        bool isInteractive = parse.GetValue(_interactive);
        List<string> errors = [.. _runtime.Errors(parse), .. PrefixErrors(parse)];
        GenerationConfig config = _generation.Apply(parse, errors);
        if (isInteractive && (config.Samples > 1 || config.Beam is not null))
            errors.Add("interactive continues one text: leave samples and beam out");
        errors.AddRange(_novelty.Errors(parse, isInteractive));
        InvalidConfigException.ThrowIfAny(errors);

        ISavedModel saved = ModelFile.Read(path);
        config = _generation.At(saved.Corpus.Temperature ?? 0, parse, config);
        var tokenizer = Tokenizer.Create(saved.Text.Token);
        bool isBytes = saved.Text.Token == TokenKind.Byte;
        if (isBytes && config.Constraint?.All(char.IsAscii) == false)
            throw new InvalidConfigException([$"constrain must be ASCII for a byte model, not '{config.Constraint}'"]);
        config = config with { Stops = [.. config.Stops.Select(tokenizer.FromText)] };
        NoveltyReporter? novelty = await _novelty.OpenAsync(parse, saved, cancellationToken) is { } check
            ? new NoveltyReporter(check, saved.Text.Token, config.Samples) : null;
        using ILanguageModel model = _runtime.Open(saved, parse, parse.GetValue(_bits) ?? WeightBits.Full);
        var generator = new TextGenerator(model, saved.Vocab, tokenizer, saved.Text.EndIdIn(saved.Vocab));
        using GenerationSession session = generator.Open(config);
        var warnings = new GenerationWarnings(generator, saved.Text, parse.InvocationConfiguration.Error);
        warnings.AboutModel(saved);
        warnings.AboutStops(config.Stops);
        if (isInteractive)
        {
            var prompt = new Prompt(session, tokenizer, saved.Vocab, warnings, parse.InvocationConfiguration, parse.GetValue(_json));
            await prompt.RunAsync(Prefix(parse), cancellationToken);
            return ExitCode.Done;
        }
        string prefix = Prefix(parse) ?? saved.Corpus.Prefix
            ?? (saved.Text.Documents == DocumentKind.None ? new RunConfig().Prefix : "");
        if (_model.Named(parse) is null or SavedModelOptions.Last)
        {
            parse.InvocationConfiguration.Error.WriteLine(
                $"model   {Printable.Text(path)}, trained on {Printable.Text(saved.Corpus.Name)}");
        }
        string read = tokenizer.FromText(prefix);
        warnings.AboutText(read);
        session.Read(read);
        IEnumerable<TextPiece> pieces = session.Continue(cancellationToken);
        pieces = novelty?.Follow(pieces) ?? pieces;
        if (parse.GetValue(_json))
        {
            parse.InvocationConfiguration.Output.WriteLine(Json(path, prefix, config, tokenizer, pieces, novelty));
            return ExitCode.Done;
        }
        using (PieceWriter output = isBytes
            ? PieceWriter.ForBytes(parse.InvocationConfiguration.Output) : PieceWriter.For(parse.InvocationConfiguration.Output))
            new SampleReporter(output, read, config.Samples, saved.Text.Documents != DocumentKind.Lines).Print(pieces);
        novelty?.Print(parse.InvocationConfiguration.Error);
        return ExitCode.Done;
    }

    private string? Prefix(ParseResult parse) => parse.GetValue(_words) ?? parse.GetValue(_prefix);

    private IEnumerable<string> PrefixErrors(ParseResult parse)
    {
        if (parse.GetValue(_words) is not { } words)
            yield break;
        if (parse.GetValue(_prefix) is not null)
            yield return "give the text to continue in one place: after generate, or with --prefix";
        if (words.Length == 0)
            yield return "the text to continue is empty";
        if (WrongFile.ExplainWords(words, "--prefix", "charlm train learns from it") is { } error)
            yield return error;
    }

    // The first sample is also at the top level, as a single one is.
    private static string Json(
        string path, string prefix, GenerationConfig config, Tokenizer tokenizer, IEnumerable<TextPiece> pieces, NoveltyReporter? novelty)
    {
        var texts = new StringBuilder[config.Samples];
        var ends = new TextEnd[config.Samples];
        foreach (TextPiece piece in pieces)
        {
            (texts[piece.Sample] ??= new StringBuilder()).Append(piece.Text);
            ends[piece.Sample] = piece.End ?? ends[piece.Sample];
        }
        var samples = ends.Select(
            (end, sample) => new
            {
                Sample = sample,
                Continuation = tokenizer.ToText(texts[sample].ToString()),
                End = end.Reason,
                end.Tokens,
                end.Nats,
                end.Score,
                Novelty = novelty?.Of(sample)
            }).ToArray();
        return JsonOutput.Line(new
        {
            Checkpoint = path,
            Prefix = prefix,
            samples[0].Continuation,
            Text = tokenizer.ToText(tokenizer.FromText(prefix) + texts[0]),
            samples[0].End,
            samples[0].Novelty,
            config.Seed,
            Samples = samples,
        });
    }
}
