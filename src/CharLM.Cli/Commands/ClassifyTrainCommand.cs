using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Classification;
using CharLM.Cli.Options;
using CharLM.Sequences;
using CharLM.Training;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm classify train</c>.</summary>
internal sealed class ClassifyTrainCommand : Verb
{
    private static readonly ClassifierConfig Defaults = new();

    private readonly ModelOptions _model = new(Defaults.Model, ofLanguageModel: false);
    private readonly PairTrainingOptions _pairs = new(ClassifyCommand.DefaultCheckpoint);
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<LabelOf?> _labelOf = OptionOf.Choice<LabelOf>("--label-of", "What gets a label: the text, or each of its characters (the second column is then as long as the first). [default: text]");
    private readonly Option<Pooling?> _pooling = OptionOf.Choice<Pooling>("--pooling", "How the states of a text become one vector. [default: last]");
    private readonly Option<int?> _maxLength = OptionOf.Integer("--max-length", "N", $"Characters of a text at most. [default: {Defaults.MaxLength}]");
    private readonly Option<bool> _json = OptionOf.Json();

    public ClassifyTrainCommand()
        : base("train", "Train a classifier on labelled texts.")
    {
        _pairs.AddTo(this);
        foreach (Option option in new Option[] { _labelOf, _pooling, _maxLength })
            Add(option);
        _model.AddTo(this);
        _runtime.AddTo(this);
        Add(_json);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        TrainedClassifier? start = _pairs.Checkpoint(parse) is { } file ? TrainedClassifier.Open(file, null, _runtime.Threads(parse)) : null;
        TrainerConfig training = _pairs.Training(parse, start?.Start!.Training);
        ClassifierConfig config = Configure(parse, start?.Model.Config ?? Defaults);
        IEnumerable<string> conflict = start is not null && config != start.Model.Config ? ["the checkpoint's model cannot change: leave its options out"] : [];
        InvalidConfigException.ThrowIfAny([.. config.Faults(), .. conflict, .. _pairs.Faults(parse, training, start?.Start!.Figures.Epochs ?? 0), .. _runtime.Faults(parse)]);
        OutputFile.Probe(_pairs.Out(parse));
        (PairFile data, PairFile? heldOut) = await _pairs.ReadAsync(parse, cancellationToken);
        TorchSharp.torch.Device device = _runtime.Use(parse);
        using TrainedClassifier classifier = start?.To(device) ?? TrainedClassifier.Create(config, data, training.Seed, device, _runtime.Threads(parse));
        foreach (PairFile pairs in heldOut is null ? [data] : new[] { data, heldOut })
            pairs.Check(pair => classifier.Vocab.FaultOf(pair, config));
        var run = new SequenceRun
        {
            Task = new ClassifierTask(classifier.Model, classifier.Vocab, data.Pairs),
            Training = training,
            Measure = heldOut is null ? null : token => classifier.Measure(heldOut.Pairs, token).Measures,
            Save = (path, figures) => classifier.Write(path, training, data, figures),
            CheckpointPath = _pairs.Out(parse),
            CheckpointEvery = _pairs.CheckpointEvery(parse),
            Start = start?.Start!.Figures ?? new Figures(),
        };
        return _pairs.Execute(parse, run, parse.GetValue(_json), classifier.Model.NumParameters, cancellationToken);
    }

    private ClassifierConfig Configure(ParseResult parse, ClassifierConfig under) => under with
    {
        Model = _model.Apply(parse, under.Model, _runtime.OnCpu(parse)),
        LabelOf = parse.GetValue(_labelOf) ?? under.LabelOf,
        Pooling = parse.GetValue(_pooling) ?? under.Pooling,
        MaxLength = parse.GetValue(_maxLength) ?? under.MaxLength,
    };
}
