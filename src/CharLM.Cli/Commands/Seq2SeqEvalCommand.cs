using System.CommandLine;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Pairs;
using CharLM.Pairs.Translation;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm seq2seq eval</c>.</summary>
internal sealed class Seq2SeqEvalCommand : Verb
{
    private readonly Option<string?> _checkpoint = OptionOf.Text(
        "--checkpoint", "MODEL", $"The model: its file, or a run directory. [default: {Seq2SeqCommand.DefaultCheckpoint}]");
    private readonly Option<string?> _data = OptionOf.Text(
        "--data", "FILE", "File of pairs to measure: UTF-8, one per line, source<TAB>target.");
    private readonly DecodingOptions _decoding = new();
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<bool> _json = OptionOf.Json();

    public Seq2SeqEvalCommand()
        : base("eval", "Measure an encoder-decoder on pairs: exact match, character error rate.")
    {
        _data.Required = true;
        Add(_checkpoint);
        Add(_data);
        _decoding.AddTo(this);
        CellsOption.AddTo(this);
        _runtime.AddTo(this);
        Add(_json);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        DecodingConfig decoding = _decoding.Read(parse);
        InvalidConfigException.ThrowIfAny([.. decoding.Errors(), .. _runtime.Errors(parse)]);
        PairFile data = await PairFile.ReadAsync(parse.GetValue(_data)!, cancellationToken);
        using var translator = TrainedTranslator.Open(
            SavedModelOptions.FileOf(parse.GetValue(_checkpoint) ?? Seq2SeqCommand.DefaultCheckpoint), _runtime.Use(parse),
                _runtime.Threads(parse));
        translator.Check(data);
        var warnings = new PairWarnings(translator.Vocab, parse.InvocationConfiguration.Error);
        warnings.AboutSources(data.Pairs.Select(pair => pair.Source));
        warnings.AboutTargets(data.Pairs.Select(pair => pair.Target));
        TranslationScore score = translator.Measure(data.Pairs, decoding, cancellationToken);
        TextWriter output = parse.InvocationConfiguration.Output;
        output.WriteLine(parse.GetValue(_json)
            ? JsonOutput.Line(new { Pairs = data.Pairs.Count, score.ExactMatch, score.CharacterErrorRate })
            : $"exact match {score.ExactMatch:0.0000}, character error rate {score.CharacterErrorRate:0.0000}, "
                + $"{Figure.Count(data.Pairs.Count)} pairs");
        return ExitCode.Done;
    }
}
