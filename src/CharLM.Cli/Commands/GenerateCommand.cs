using System.CommandLine;
using System.Text;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm generate</c>.</summary>
internal sealed class GenerateCommand : Verb
{
    private readonly RuntimeOptions _runtime = new();
    private readonly GenerationOptions _generation = new();
    private readonly SavedModelOptions _model = new();
    private readonly Option<string?> _prefix = OptionOf.Text("--prefix", "TEXT", "What to continue. [default: time traveller]");
    private readonly Option<bool> _interactive = new("--interactive")
    {
        Description = "Continue each line of standard input, all of them parts of one text; --prefix comes before the first.",
    };
    private readonly Option<bool> _json = OptionOf.Json();

    public GenerateCommand()
        : base("generate", "Continue a text with a trained model.")
    {
        _model.AddTo(this);
        Add(_prefix);
        Add(_interactive);
        _generation.AddTo(this);
        Add(_json);
        _runtime.AddTo(this);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        string path = _model.Path(parse);
        bool isInteractive = parse.GetValue(_interactive);
        List<string> errors = [.. _runtime.Errors(parse)];
        GenerationConfig config = _generation.Apply(parse, errors);
        if (isInteractive && (config.Samples > 1 || config.Beam is not null))
            errors.Add("interactive goes on with one text: leave samples and beam out");
        InvalidConfigException.ThrowIfAny(errors);

        ISavedModel saved = ModelFile.Read(path);
        using ILanguageModel model = saved is NGramCheckpoint ? saved.Open() : saved.Open(_runtime.Use(parse), _runtime.Threads(parse));
        var generator = new TextGenerator(model, saved.Vocab, Tokenizer.Create(saved.Text.Token));
        using GenerationSession session = generator.Open(config);
        var warnings = new GenerationWarnings(generator, saved.Text, parse.InvocationConfiguration.Error);
        warnings.AboutModel(saved);
        warnings.AboutStops(config.Stops);
        if (isInteractive)
        {
            var prompt = new Prompt(session, saved.Vocab, warnings, parse.InvocationConfiguration, parse.GetValue(_json));
            await prompt.RunAsync(parse.GetValue(_prefix), cancellationToken);
            return ExitCode.Done;
        }
        string prefix = parse.GetValue(_prefix) ?? new RunConfig().Prefix;
        warnings.AboutText(prefix);
        session.Read(prefix);
        IEnumerable<TextPiece> pieces = session.Continue(cancellationToken);
        if (parse.GetValue(_json))
        {
            parse.InvocationConfiguration.Output.WriteLine(Json(path, prefix, config, pieces));
            return ExitCode.Done;
        }
        using var output = PieceWriter.For(parse.InvocationConfiguration.Output);
        new SampleReporter(output, prefix, config.Samples).Print(pieces);
        return ExitCode.Done;
    }

    // The first sample stands at the top, where a single one stands, too.
    private static string Json(string path, string prefix, GenerationConfig config, IEnumerable<TextPiece> pieces)
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
                Continuation = texts[sample].ToString(),
                End = end.Reason,
                end.Tokens,
                end.Nats,
                end.Score
            }).ToArray();
        return JsonOutput.Line(new
        {
            Checkpoint = path,
            Prefix = prefix,
            samples[0].Continuation,
            Text = prefix + samples[0].Continuation,
            samples[0].End,
            config.Seed,
            Samples = samples,
        });
    }
}
