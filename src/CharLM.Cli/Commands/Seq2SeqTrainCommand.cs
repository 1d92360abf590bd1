using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Sequences;
using CharLM.Training;
using CharLM.Translation;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm seq2seq train</c>.</summary>
internal sealed class Seq2SeqTrainCommand : Verb
{
    private static readonly TranslatorConfig Defaults = new();

    private readonly ModelOptions _model = new(Defaults.Model, ofLanguageModel: false);
    private readonly PairTrainingOptions _pairs = new(Seq2SeqCommand.DefaultCheckpoint);
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<SourceAttention?> _attention = OptionOf.Choice<SourceAttention>("--attention", "How the decoder sees the source beyond the encoder's last state. [default: additive; none with --source label]");
    private readonly Option<SourceKind?> _source = OptionOf.Choice<SourceKind>("--source", "What stands before the tab: a text, or a label that steers what is written. [default: text]");
    private readonly Option<int?> _maxSource = OptionOf.Integer("--max-source", "N", $"Characters of a source at most. [default: {Defaults.MaxSource}]");
    private readonly Option<int?> _maxTarget = OptionOf.Integer("--max-target", "N", $"Characters of a target at most. [default: {Defaults.MaxTarget}]");
    private readonly Option<double?> _teacherForcing = OptionOf.Number("--teacher-forcing", "P", "Probability that the decoder is given the true character before, not its own, in the beginning. [default: 1]");
    private readonly Option<double?> _teacherForcingEnd = OptionOf.Number("--teacher-forcing-end", "P", "The same in the end; between, it changes linearly. [default: as in the beginning]");
    private readonly Option<bool> _json = OptionOf.Json();

    public Seq2SeqTrainCommand()
        : base("train", "Train an encoder-decoder on pairs of texts.")
    {
        _pairs.AddTo(this);
        foreach (Option option in new Option[] { _attention, _source, _maxSource, _maxTarget, _teacherForcing, _teacherForcingEnd })
            Add(option);
        _model.AddTo(this);
        _runtime.AddTo(this);
        Add(_json);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        TrainedTranslator? start = _pairs.Checkpoint(parse) is { } file ? TrainedTranslator.Open(file, null, _runtime.Threads(parse)) : null;
        TrainerConfig training = _pairs.Training(parse, start?.Start!.Training);
        TranslatorConfig config = Configure(parse, start?.Model.Config ?? Defaults);
        IEnumerable<string> conflict = start is not null && config != start.Model.Config ? ["the checkpoint's model cannot change: leave its options out"] : [];
        InvalidConfigException.ThrowIfAny([.. config.Faults(), .. conflict, .. _pairs.Faults(parse, training, start?.Start!.Figures.Epochs ?? 0), .. _runtime.Faults(parse)]);
        OutputFile.Probe(_pairs.Out(parse));
        (PairFile data, PairFile? heldOut) = await _pairs.ReadAsync(parse, cancellationToken);
        TorchSharp.torch.Device device = _runtime.Use(parse);
        using TrainedTranslator translator = start?.To(device) ?? TrainedTranslator.Create(config, data, training.Seed, device, _runtime.Threads(parse));
        foreach (PairFile pairs in heldOut is null ? [data] : new[] { data, heldOut })
            pairs.Check(pair => translator.Vocab.FaultOf(pair, config));
        var run = new SequenceRun
        {
            Task = new TranslatorTask(translator.Model, translator.Vocab, data.Pairs),
            Training = training,
            Measure = heldOut is null ? null : token => translator.Measure(heldOut.Pairs, new DecodingConfig(), token).Measures,
            Save = (path, figures) => translator.Write(path, training, data, figures),
            CheckpointPath = _pairs.Out(parse),
            CheckpointEvery = _pairs.CheckpointEvery(parse),
            Start = start?.Start!.Figures ?? new Figures(),
        };
        return _pairs.Execute(parse, run, parse.GetValue(_json), translator.Model.NumParameters, cancellationToken);
    }

    private TranslatorConfig Configure(ParseResult parse, TranslatorConfig under)
    {
        SourceKind source = parse.GetValue(_source) ?? under.Source;
        double forcing = parse.GetValue(_teacherForcing) ?? under.TeacherForcing;
        return under with
        {
            Model = _model.Apply(parse, under.Model, _runtime.OnCpu(parse)),
            Source = source,
            Attention = parse.GetValue(_attention) ?? (source == SourceKind.Label ? SourceAttention.None : under.Attention),
            MaxSource = parse.GetValue(_maxSource) ?? under.MaxSource,
            MaxTarget = parse.GetValue(_maxTarget) ?? under.MaxTarget,
            TeacherForcing = forcing,
            TeacherForcingEnd = parse.GetValue(_teacherForcingEnd) ?? (parse.GetValue(_teacherForcing) is null ? under.TeacherForcingEnd : forcing),
        };
    }
}
