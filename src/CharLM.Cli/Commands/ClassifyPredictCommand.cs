using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Pairs.Classification;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm classify predict</c>.</summary>
internal sealed class ClassifyPredictCommand : Verb
{
    private readonly SavedModelOptions _model = new(RunKind.Classifier);
    private readonly PairInputOptions _input = new();
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<bool> _json = OptionOf.Json();

    public ClassifyPredictCommand()
        : base("predict", "Label texts; prints text, label and probability, separated by tabs.")
    {
        _model.AddTo(this);
        _input.AddTo(this);
        _runtime.AddTo(this);
        Add(_json);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm classify predict \"Nguyen\"", "label one text"),
        ("charlm classify predict --input names.txt", "label every line of a file"),
    ];

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        InvalidConfigException.ThrowIfAny(_runtime.Errors(parse));
        using var classifier = TrainedClassifier.Open(
            _model.Path(parse), _runtime.Use(parse),
            _runtime.Threads(parse));
        IReadOnlyList<string> texts = await _input.ReadAsync(parse, classifier.ErrorOfSource, cancellationToken);
        new PairWarnings(classifier.Vocab, parse.InvocationConfiguration.Error).AboutSources(texts);
        IReadOnlyList<IReadOnlyList<Labelled>> labels = classifier.Label(texts, cancellationToken);
        TextWriter output = parse.InvocationConfiguration.Output;
        // Labels of characters are concatenated; their probability is the lowest one.
        var predictions = texts.Zip(labels, (text, ofText) => new
        {
            Text = text,
            Label = classifier.TextOf(ofText),
            Probability = ofText.Min(one => one.Probability),
        });
        if (parse.GetValue(_json))
        {
            output.WriteLine(JsonOutput.Line(new { Predictions = predictions }));
            return ExitCode.Done;
        }
        foreach (var prediction in predictions)
            output.WriteLine(TsvLine.Of(prediction.Text, prediction.Label, $"{prediction.Probability:0.0000}"));
        return ExitCode.Done;
    }
}
