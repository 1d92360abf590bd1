using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Pairs.Translation;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm seq2seq predict</c>.</summary>
internal sealed class Seq2SeqPredictCommand : Verb
{
    private readonly Option<string?> _checkpoint = OptionOf.Text(
        "--checkpoint", "MODEL", $"The model: its file, or a run directory. [default: {Seq2SeqCommand.DefaultCheckpoint}]");
    private readonly PairInputOptions _input = new();
    private readonly DecodingOptions _decoding = new();
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<bool> _json = OptionOf.Json();

    public Seq2SeqPredictCommand()
        : base("predict", "Generate the target for each source; prints both, separated by a tab.")
    {
        Add(_checkpoint);
        _input.AddTo(this);
        _decoding.AddTo(this);
        CellsOption.AddTo(this);
        _runtime.AddTo(this);
        Add(_json);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm seq2seq predict \"2026-11-29\"", "the target for one text"),
        ("charlm seq2seq predict --input sources.txt --beam 5", "targets for every line of a file, by beam search"),
    ];

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        DecodingConfig decoding = _decoding.Read(parse);
        InvalidConfigException.ThrowIfAny([.. decoding.Errors(), .. _runtime.Errors(parse)]);
        using var translator = TrainedTranslator.Open(
            SavedModelOptions.FileOf(parse.GetValue(_checkpoint) ?? Seq2SeqCommand.DefaultCheckpoint), _runtime.Use(parse),
            _runtime.Threads(parse));
        IReadOnlyList<string> sources = await _input.ReadAsync(parse, translator.ErrorOfSource, cancellationToken);
        new PairWarnings(translator.Vocab, parse.InvocationConfiguration.Error).AboutSources(sources);
        bool json = parse.GetValue(_json);
        IReadOnlyList<Hypothesis> written = translator.Translate(sources, decoding, withAttention: json, cancellationToken);
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
