using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Pairs.Translation;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Reports.Html;
using CharLM.Workbench.Reports.Runs;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm seq2seq predict</c>.</summary>
internal sealed class Seq2SeqPredictCommand : Verb
{
    private const int MostMaps = 100;

    private readonly SavedModelOptions _model = new(RunKind.Translator);
    private readonly PairInputOptions _input = new();
    private readonly DecodingOptions _decoding = new();
    private readonly Option<string?> _heatMap = OptionOf.Text(
        "--heat-map", "FILE", $"Also write where each target attends to as HTML, for {MostMaps} targets at most. [default: none]");
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<bool> _json = OptionOf.Json();

    public Seq2SeqPredictCommand()
        : base("predict", "Generate the target for each source; prints both, separated by a tab.")
    {
        _model.AddTo(this);
        _input.AddTo(this);
        _decoding.AddTo(this);
        Add(_heatMap);
        _runtime.AddTo(this);
        Add(_json);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm seq2seq predict \"2026-11-29\"", "the target for one text"),
        ("charlm seq2seq predict \"I love you.\" --heat-map map.html", "the target, and where each of its tokens attends to"),
        ("charlm seq2seq predict --input sources.txt --beam 5", "targets for every line of a file, by beam search"),
    ];

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        DecodingConfig decoding = _decoding.Read(parse);
        InvalidConfigException.ThrowIfAny([.. _decoding.Errors(parse), .. decoding.Errors(), .. _runtime.Errors(parse)]);
        using var translator = TrainedTranslator.Open(
            _model.Path(parse), _runtime.Use(parse),
            _runtime.Threads(parse));
        IReadOnlyList<string> sources = await _input.ReadAsync(parse, translator.ErrorOfSource, cancellationToken);
        new PairWarnings(translator.Vocab, parse.InvocationConfiguration.Error).AboutSources(sources);
        bool json = parse.GetValue(_json);
        string? heatMap = parse.GetValue(_heatMap);
        if (heatMap is not null)
        {
            InvalidConfigException.ThrowIfAny(
                translator.Config.AttentionKind is null ? ["the model has no attention: --heat-map has nothing to show"] : []);
            OutputFile.Probe(heatMap);
        }
        IReadOnlyList<Hypothesis> written = translator.Translate(
            sources, decoding, withAttention: json || heatMap is not null, cancellationToken);
        if (heatMap is not null)
        {
            var report = new Report("Attention", [AttentionMap.Section(
                sources.Zip(written).Take(MostMaps).Select(one => (one.First, AttentionMap.Of(translator.Vocab, one.First, one.Second))))]);
            OutputFile.Write(heatMap, writer => HtmlReport.Write(report, writer, ChartLibrary.Embedded));
        }
        TextWriter output = parse.InvocationConfiguration.Output;
        if (json)
        {
            output.WriteLine(JsonOutput.Line(new
            {
                Predictions = sources.Zip(written, (source, target) => new
                {
                    Source = source,
                    Target = translator.Vocab.Decode(target.Ids),
                    target.LogProbability,
                    target.Attention,
                }),
            }));
            return ExitCode.Done;
        }
        for (int i = 0; i < sources.Count; i++)
            output.WriteLine(TsvLine.Of(sources[i], translator.Vocab.Decode(written[i].Ids)));
        return ExitCode.Done;
    }
}
