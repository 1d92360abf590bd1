using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models.NGram;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm ngram</c>.</summary>
internal sealed class NGramCommand : Verb
{
    private static readonly NGramRun Under = new();

    private readonly CorpusOptions _corpus = new();
    private readonly TextOptions _text = new(Under.Text);
    private readonly Option<int?> _order = OptionOf.Integer(
        "--order", "N", $"Length of the longest n-grams in tokens, 1 to {NGramModel.MaxOrder}. [default: {Under.Order}]");
    private readonly Option<NGramSmoothing?> _smoothing = OptionOf.Choice<NGramSmoothing>(
        "--smoothing", "How counts become probabilities: kneser-ney mixes in ever shorter contexts, laplace the frequency of the token "
            + "alone. [default: kneser-ney]");
    private readonly Option<double?> _epsilon = OptionOf.Number(
        "--epsilon", "X", "With --smoothing laplace: the weight of that frequency, in occurrences. [default: 1]");
    private readonly Option<bool> _compressors = new("--compressors")
    {
        Description = "Also show what gzip and Brotli need for the held-out text, given the training text.",
    };
    private readonly Option<string?> _out = OptionOf.Text(
        "--out", "FILE", $"File for the model. [default: {Under.CheckpointPath}]");
    private readonly Option<bool> _json = OptionOf.Json();

    public NGramCommand()
        : base("ngram", "Train an n-gram model, the baseline a neural network has to beat.")
    {
        _corpus.AddTo(this);
        Add(_order);
        Add(_smoothing);
        Add(_epsilon);
        _text.AddTo(this, splits: true);
        foreach (Option option in new Option[] { _compressors, _out, _json })
            Add(option);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm ngram mybook.txt --cleaning none", "the baseline for an uncleaned text"),
        ("charlm ngram texts/ --order 6 --compressors", "longer n-grams, and compressors for comparison"),
        ("charlm ngram time-machine --token word", "an n-gram model of words"),
    ];

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        NGramRun run = Under with
        {
            Order = parse.GetValue(_order) ?? Under.Order,
            Smoothing = parse.GetValue(_smoothing) ?? Under.Smoothing,
            Epsilon = parse.GetValue(_epsilon) ?? Under.Epsilon,
            Text = _text.Apply(parse, Under.Text),
            Compressors = parse.GetValue(_compressors),
            CheckpointPath = parse.GetValue(_out) ?? Under.CheckpointPath,
        };
        InvalidConfigException.ThrowIfAny(run.Errors());
        OutputFile.Probe(run.CheckpointPath);
        CorpusText corpus = await _corpus.ReadAsync(parse, run.Text.ReadAs, null, cancellationToken);
        CorpusOptions.TellOfReturns(parse, corpus, run.Text, cancellationToken);
        CorpusOptions.TellOfLoss(parse, corpus, run.Text, cancellationToken);
        NGramResult result = run.Execute(corpus, cancellationToken);
        Print(parse, run, result);
        return ExitCode.Done;
    }

    private void Print(ParseResult parse, NGramRun run, NGramResult result)
    {
        TextWriter output = parse.InvocationConfiguration.Output;
        NGramModel model = result.Checkpoint.Model;
        if (parse.GetValue(_json))
        {
            output.WriteLine(JsonOutput.Line(new
            {
                model.Order,
                result.TrainTokens,
                VocabSize = result.Checkpoint.Vocab.Count,
                NGrams = model.NGrams,
                model.Bytes,
                result.Seconds,
                Smoothing = Choices.NameOf(run.Smoothing),
                Epsilon = model.Laplace,
                Discounts = model.Laplace is null ? model.Discounts : null,
                HeldOut = result.HeldOut is { } report ? EvaluationLines.Json(report, null) : null,
                Baselines = result.WithoutContext.Select(baseline => EvaluationLines.Json(baseline, null)),
                Compressors = result.Compressors.Select(
                    baseline => new { baseline.Name, baseline.BitsPerCharacter, baseline.BitsPerByte, baseline.CompressedBytes }),
                Checkpoint = run.CheckpointPath,
            }));
            return;
        }
        output.WriteLine($"counted      {Figure.Count(result.TrainTokens)} tokens in {Figure.Duration(result.Seconds)}; vocab "
            + $"{Figure.Count(result.Checkpoint.Vocab.Count)}, {Figure.Bytes(model.Bytes)} of memory");
        output.WriteLine($"n-grams      {string.Join("  ", model.NGrams.Select((count, i) => $"{i + 1}: {Figure.Count(count)}"))}");
        foreach (string line in result.HeldOut is { } heldOut ? EvaluationLines.Describe(heldOut) : [])
            output.WriteLine(line);
        foreach (EvaluationReport baseline in result.WithoutContext)
            output.WriteLine(
                $"{baseline.Model,-13}perplexity {Figure.Perplexity(baseline.Perplexity)}, {baseline.BitsPerCharacter:0.0000} bits per "
                    + $"character, {baseline.BitsPerByte:0.0000} per byte");
        foreach (var baseline in result.Compressors)
            output.WriteLine(
                $"{baseline.Name,-13}{baseline.BitsPerCharacter:0.0000} bits per character, {baseline.BitsPerByte:0.0000} per byte");
        output.WriteLine($"saved        {run.CheckpointPath}");
    }
}
