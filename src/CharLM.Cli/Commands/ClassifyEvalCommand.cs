using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm classify eval</c>.</summary>
internal sealed class ClassifyEvalCommand : Verb
{
    private const int MostLabelsShown = 20, LongestLabel = 20;

    private readonly SavedModelOptions _model = new(RunKind.Classifier);
    private readonly Option<string?> _data = OptionOf.Text(
        "--data", "FILE", "File of pairs to measure: UTF-8, one per line, text<TAB>label.");
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<bool> _json = OptionOf.Json();

    public ClassifyEvalCommand()
        : base("eval", "Measure a classifier on labeled texts: accuracy, macro-F1, confusion matrix.")
    {
        _data.Required = true;
        _model.AddTo(this);
        Add(_data);
        _runtime.AddTo(this);
        Add(_json);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        InvalidConfigException.ThrowIfAny(_runtime.Errors(parse));
        PairFile data = await PairTextOptions.ReadAsync(parse, parse.GetValue(_data)!, cancellationToken);
        using var classifier = TrainedClassifier.Open(
            _model.Path(parse), _runtime.Use(parse),
                _runtime.Threads(parse));
        classifier.Check(data);
        InvalidConfigException.ThrowIfAny(classifier.Vocab.ErrorOfLanguage(data) is { } error ? [error] : []);
        new PairWarnings(classifier.Vocab, parse.InvocationConfiguration.Error).AboutSources(data.Pairs.Select(pair => pair.Source));
        ConfusionMatrix matrix = classifier.Measure(data.Pairs, cancellationToken);
        TextWriter output = parse.InvocationConfiguration.Output;
        int count = matrix.Labels.Count;
        if (parse.GetValue(_json))
        {
            output.WriteLine(JsonOutput.Line(new
            {
                Predictions = matrix.Total,
                matrix.Accuracy,
                MacroF1 = matrix.MacroF1,
                matrix.Labels,
                // F1 is undefined for a label that neither occurs nor is predicted.
                F1 = Enumerable.Range(0, count).Select(label => double.IsNaN(matrix.F1(label)) ? null : (double?)matrix.F1(label)),
                Confusion = Enumerable.Range(0, count)
                    .Select(actual => Enumerable.Range(0, count).Select(predicted => matrix[actual, predicted])),
            }));
            return ExitCode.Done;
        }
        output.WriteLine($"accuracy {matrix.Accuracy:0.0000}, macro-F1 {matrix.MacroF1:0.0000}, {Figure.Count(matrix.Total)} labels");
        if (count <= MostLabelsShown)
            PrintMatrix(output, matrix);
        return ExitCode.Done;
    }

    private static void PrintMatrix(TextWriter output, ConfusionMatrix matrix)
    {
        string[] names = [.. matrix.Labels.Select(label => Printable.Text(label, LongestLabel))];
        int first = Math.Max("true \\ predicted".Length, names.Max(name => name.Length));
        int[] widths = [.. names.Select(
            (name, column) => Math.Max(
                name.Length, Enumerable.Range(0, names.Length).Max(row => Figure.Count(matrix[row, column]).Length)))];
        output.WriteLine("true \\ predicted".PadRight(first) + string.Concat(names.Select((name, i) => "  " + name.PadLeft(widths[i]))));
        for (int row = 0; row < names.Length; row++)
            output.WriteLine(names[row].PadRight(first)
                + string.Concat(widths.Select((width, column) => "  " + Figure.Count(matrix[row, column]).PadLeft(width))));
    }
}
