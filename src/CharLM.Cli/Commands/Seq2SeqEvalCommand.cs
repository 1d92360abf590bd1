using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Pairs;
using CharLM.Pairs.Translation;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm seq2seq eval</c>.</summary>
internal sealed class Seq2SeqEvalCommand : Verb
{
    private const int MostBeams = 20;

    private readonly SavedModelOptions _model = new(RunKind.Translator);
    private readonly Option<string?> _data = OptionOf.Text(
        "--data", "FILE", "File of pairs to measure: UTF-8, one per line, source<TAB>target.");
    private readonly DecodingOptions _decoding = new();
    private readonly Option<string?> _beams = OptionOf.Text(
        "--beams", "N,N,...", "Compare beam widths, such as 1,2,4: their quality and time. [default: only --beam]");
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<bool> _json = OptionOf.Json();

    public Seq2SeqEvalCommand()
        : base("eval", "Measure an encoder-decoder on pairs: exact match, character error rate, BLEU.")
    {
        _data.Required = true;
        _model.AddTo(this);
        Add(_data);
        _decoding.AddTo(this);
        Add(_beams);
        _runtime.AddTo(this);
        Add(_json);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        DecodingConfig decoding = _decoding.Read(parse);
        bool compares = parse.GetValue(_beams) is not null, json = parse.GetValue(_json);
        IReadOnlyList<DecodingConfig> searches = parse.GetValue(_beams) is { } beams
            ? [.. BeamsOf(beams).Select(beam => decoding with { BeamWidth = beam })] : [decoding];
        InvalidConfigException.ThrowIfAny(
            [.. _decoding.Errors(parse, widths: compares), .. searches.SelectMany(search => search.Errors()).Distinct(),
                .. _runtime.Errors(parse)]);
        PairFile data = await PairTextOptions.ReadAsync(parse, parse.GetValue(_data)!, cancellationToken);
        using var translator = TrainedTranslator.Open(
            _model.Path(parse), _runtime.Use(parse),
                _runtime.Threads(parse));
        translator.Check(data);
        InvalidConfigException.ThrowIfAny(translator.Vocab.ErrorOfLanguage(data) is { } error ? [error] : []);
        var warnings = new PairWarnings(translator.Vocab, parse.InvocationConfiguration.Error);
        warnings.AboutSources(data.Pairs.Select(pair => pair.Source));
        warnings.AboutTargets(data.Pairs.Select(pair => pair.Target));
        TextWriter output = parse.InvocationConfiguration.Output;
        var measured = new List<Measured>();
        foreach (DecodingConfig search in searches)
        {
            var watch = Stopwatch.StartNew();
            TranslationScore score = translator.Measure(data.Pairs, search, cancellationToken);
            measured.Add(new Measured(
                search.BeamWidth, score.ExactMatch, score.CharacterErrorRate, score.Bleu, watch.Elapsed.TotalSeconds));
        }
        if (compares && !json)
        {
            foreach (Measured one in measured)
                output.WriteLine($"beam {one.Beam}: {one.Quality}, {one.Seconds:0.0} s");
            return ExitCode.Done;
        }
        // Of the true targets, whatever the search.
        double loss = translator.Loss(data.Pairs, cancellationToken).Mean;
        Measured first = measured[0];
        output.WriteLine(compares ? JsonOutput.Line(new { Pairs = data.Pairs.Count, Loss = loss, Beams = measured })
            : json ? JsonOutput.Line(new { Pairs = data.Pairs.Count, Loss = loss, first.ExactMatch, first.CharacterErrorRate, first.Bleu })
            : $"{first.Quality}, loss {loss:0.0000} nats, {Figure.Count(data.Pairs.Count)} pairs");
        return ExitCode.Done;
    }

    private static int[] BeamsOf(string beams)
    {
        string[] parts = beams.Split(',');
        int[] widths = [.. parts.Select(part => int.TryParse(part, NumberStyles.None, null, out int width) ? width : 0)];
        InvalidConfigException.ThrowIfAny(widths.Contains(0) || widths.Length > MostBeams
            ? [$"--beams takes 1 to {MostBeams} whole numbers from 1, separated by commas, not '{Printable.Text(beams, 100)}'"]
            : []);
        return widths;
    }

    private sealed record Measured(int Beam, double ExactMatch, double CharacterErrorRate, double Bleu, double Seconds)
    {
        [JsonIgnore]
        public string Quality =>
            $"exact match {ExactMatch:0.0000}, character error rate {CharacterErrorRate:0.0000}, BLEU {Bleu:0.0000}";
    }
}
