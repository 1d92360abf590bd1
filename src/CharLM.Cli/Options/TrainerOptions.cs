using System.CommandLine;
using CharLM.Batching;
using CharLM.Cli.Help;
using CharLM.Training;

namespace CharLM.Cli.Options;

/// <summary>The options of <see cref="TrainerConfig"/>.</summary>
/// <param name="defaults">The defaults that help shows.</param>
/// <param name="ofRunningText">Whether training reads running text in pieces; pairs are read whole.</param>
internal sealed class TrainerOptions(TrainerConfig defaults, bool ofRunningText)
{
    private const string NothingFrozen = "none";

    private readonly Option<int?> _epochs = OptionOf.Integer(
        "--epochs", "N", $"Passes over the {(ofRunningText ? "text" : "pairs")}. [default: {defaults.NumEpochs}]");
    private readonly Option<int?> _steps = OptionOf.Integer(
        "--steps", "N", "Total number of minibatches, instead of --epochs. [default: those of --epochs]");
    private readonly Option<int?> _stepsPerEpoch = OptionOf.Integer(
        "--steps-per-epoch", "N", "Minibatches that count as an epoch, after which held-out text is measured; 0 is a pass over the text. "
            + "[default: 0; a twentieth of --steps]").In(HelpGroup.Rare);
    private readonly Option<int?> _batchSize = OptionOf.Integer(
        "--batch-size", "N", $"{(ofRunningText ? "Sequences" : "Pairs")} in a minibatch. [default: {defaults.BatchSize}]");
    private readonly Option<int?> _accumulate = OptionOf.Integer(
        "--accumulate", "N", "Minibatches whose gradients add up to one update: as if --batch-size were N times as large, in the memory of "
            + "one. [default: 1]").In(HelpGroup.Rare);
    private readonly Option<int?> _numSteps = OptionOf.Integer(
        "--num-steps", "N", "Tokens in a sequence, and so how far back gradients reach. [default: 35]");
    private readonly Option<SamplingOrder?> _sampling = OptionOf.Choice<SamplingOrder>(
        "--sampling", "How minibatches are cut from the text: sequential continues where the last one ended and keeps the hidden state; "
            + "random takes pieces in random order and windows every possible piece, both from a zero state. [default: sequential]");
    private readonly Option<int?> _resetEvery = OptionOf.Integer(
        "--reset-every", "N", "With --sampling sequential: start every sequence from a zero state again after N tokens, in whole "
            + "minibatches; 0 only at the beginning of the text. [default: 0]").In(HelpGroup.Rare);
    private readonly Option<int?> _trainWindows = OptionOf.Integer(
        "--train-windows", "N", "With --sampling windows: train on the first N windows; 0 trains on all. [default: 0]")
            .In(HelpGroup.Rare);
    private readonly Option<int?> _validationWindows = OptionOf.Integer(
        "--validation-windows", "N", "With --train-windows: hold out the next N windows and report their perplexity. [default: 0]")
            .In(HelpGroup.Rare);
    private readonly Option<Truncation?> _truncation = OptionOf.Choice<Truncation>(
        "--truncation", "How far back gradients reach: to the beginning of the minibatch (minibatch), to the beginning of the text (none), "
            + "or a random number of steps (random). [default: minibatch]").In(HelpGroup.Rare);
    private readonly Option<double?> _truncationKeep = OptionOf.Number(
        "--truncation-keep", "P", "With --truncation random: probability that a gradient reaches one step further back. [default: 0.9]")
            .In(HelpGroup.Rare);
    private readonly Option<OptimizerKind?> _optimizer = OptionOf.Choice<OptimizerKind>(
        "--optimizer", $"The rule that updates the weights. [default: {Choices.NameOf(defaults.Optimizer)}]");
    private readonly Option<double?> _learningRate = OptionOf.Number("--lr", "X", $"Learning rate. [default: {defaults.LearningRate}]");
    private readonly Option<double?> _weightDecay = OptionOf.Number(
        "--weight-decay", "X", "How strongly weights are pulled towards zero. [default: 0]");
    private readonly Option<double?> _momentum = OptionOf.Number(
        "--momentum", "X", "With --optimizer sgd: how much of a step is added to the next, below 1. [default: 0]").In(HelpGroup.Rare);
    private readonly Option<bool?> _nesterov = OptionOf.Switch(
        "--nesterov", "With --momentum: Nesterov's, which looks ahead along it. [default: false]").In(HelpGroup.Rare);
    private readonly Option<double?> _beta2 = OptionOf.Number(
        "--beta2", "X", "With --optimizer adam or adamw: what each step keeps of the running mean of squared gradients, below 1. "
            + "[default: 0.999]").In(HelpGroup.Rare);
    private readonly Option<double?> _clip = OptionOf.Number(
        "--clip", "X", "Limit for the norm of the gradients; 0 turns clipping off. [default: 1]");
    private readonly Option<ClippingKind?> _clipBy = OptionOf.Choice<ClippingKind>(
        "--clip-by", "How --clip is applied: norm shrinks gradients whose global norm exceeds it, value limits each value by itself, "
            + "rescale scales every gradient to that global norm, short ones up. [default: norm]").In(HelpGroup.Rare);
    private readonly Option<ScheduleKind?> _schedule = OptionOf.Choice<ScheduleKind>(
        "--schedule", "How the learning rate changes over the epochs. [default: constant]");
    private readonly Option<double?> _warmUp = OptionOf.Number(
        "--warm-up", "EPOCHS", "Epochs over which the learning rate first rises from 0. [default: 0]");
    private readonly Option<int?> _scheduleStep = OptionOf.Integer(
        "--schedule-step", "N", "With --schedule step: epochs from one change of the learning rate to the next. [default: 10]")
            .In(HelpGroup.Rare);
    private readonly Option<int?> _plateauEpochs = OptionOf.Integer(
        "--plateau-epochs", "N",
            "With --schedule plateau: epochs without a better held-out perplexity before the learning rate changes. [default: 3]")
                .In(HelpGroup.Rare);
    private readonly Option<double?> _scheduleFactor = OptionOf.Number(
        "--schedule-factor", "X", "With --schedule step or plateau: the factor that changes the learning rate. [default: 0.5]")
            .In(HelpGroup.Rare);
    private readonly Option<double?> _scheduleEnd = OptionOf.Number(
        "--schedule-end", "X",
            "The final learning rate of --schedule cosine, or the lowest of plateau, as a fraction of --lr. [default: 0]")
            .In(HelpGroup.Rare);
    private readonly Option<string?> _freeze = OptionOf.Text(
        "--freeze", "PARTS|none",
            "Parts of the model to keep unchanged, separated by commas: embedding,rnn.l0; a wrong name lists them "
            + "all, none overrides a configuration. [default: none]").In(HelpGroup.Rare);
    private readonly Option<Setting<double>?> _ridge = OptionOf.NumberOr(
        "none", "--ridge", "X", "With --cell esn: train the output in closed form, in one pass over the text, by ridge regression with "
            + "this penalty. [default: none]").In(HelpGroup.Rare);
    private readonly Option<int?> _sampledSoftmax = OptionOf.Integer(
        "--sampled-softmax", "N", "For thousands of tokens in the vocab: learn the output layer on about N of them and the targets in each "
            + "minibatch; faster, and the training perplexity is an estimate; fused only, 0 takes all. [default: 0]").In(HelpGroup.Rare);
    private readonly Option<long?> _seed = OptionOf.Long(
        "--seed", "N", "Seed of all random choices: the same seed repeats a run. [default: 0]");

    /// <summary>The options of a language model.</summary>
    public TrainerOptions()
        : this(new TrainerConfig(), ofRunningText: true)
    {
    }

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="epochs">Whether to include the length of training; verbs that do not mainly train have their own option.</param>
    public void AddTo(Command command, bool epochs = true)
    {
        Option[] aboutLength = [_steps, _stepsPerEpoch];
        Option[] aboutPieces = [_steps, _stepsPerEpoch, _numSteps, _sampling, _resetEvery, _trainWindows, _validationWindows,
            _truncation, _truncationKeep, _ridge, _sampledSoftmax];
        if (epochs)
            command.Add(HelpGroup.Training, _epochs, _freeze);
        foreach (Option option in (Option[])[.. aboutLength, .. OfSteps, _seed])
        {
            if ((ofRunningText || !aboutPieces.Contains(option)) && (epochs || !aboutLength.Contains(option)))
                command.Add(HelpGroup.Training, option);
        }
    }

    /// <summary>The first option that the user gave that only matters while a model is trained; null if there is none.</summary>
    public string? FirstOfTraining(ParseResult parse) =>
        OfSteps.FirstOrDefault(option => parse.GetResult(option) is { Implicit: false })?.Name;

    // What minibatches are, and what is learned from them.
    private Option[] OfSteps =>
    [
        _batchSize, _accumulate, _numSteps, _sampling, _resetEvery, _trainWindows, _validationWindows, _truncation, _truncationKeep,
        _optimizer, _learningRate, _weightDecay, _momentum, _nesterov, _beta2, _clip, _clipBy, _schedule, _warmUp, _scheduleStep,
        _plateauEpochs, _scheduleFactor, _scheduleEnd, _ridge, _sampledSoftmax,
    ];

    /// <summary>Whether the user set the length of training, in epochs or steps, or as the one pass of a ridge regression.</summary>
    public bool NamesLength(ParseResult parse) => parse.GetValue(_epochs) is not null || parse.GetValue(_steps) is not null
        || parse.GetValue(_ridge)?.Value is not null;

    /// <summary>Whether the user chose on how many tokens the output layer learns.</summary>
    public bool NamesSampledSoftmax(ParseResult parse) => parse.GetValue(_sampledSoftmax) is not null;

    /// <summary>Whether the user set the length of training in steps.</summary>
    public bool NamesSteps(ParseResult parse) => parse.GetValue(_steps) is not null;

    /// <summary>All errors in the command line itself; empty if there are none.</summary>
    public IEnumerable<string> Errors(ParseResult parse)
    {
        if (parse.GetValue(_epochs) is not null && NamesSteps(parse))
            yield return "epochs and steps are two lengths of a run: give one of them";
    }

    /// <summary>Whether the user chose a kind of clipping.</summary>
    public bool NamesClipping(ParseResult parse) => parse.GetValue(_clipBy) is not null;

    /// <summary>A configuration with the given options over a base.</summary>
    public TrainerConfig Apply(ParseResult parse, TrainerConfig under) => under with
    {
        NumEpochs = parse.GetValue(_epochs) ?? under.NumEpochs,
        TotalSteps = parse.GetValue(_steps) ?? (parse.GetValue(_epochs) is null ? under.TotalSteps : 0),
        StepsPerEpoch = parse.GetValue(_stepsPerEpoch) ?? under.StepsPerEpoch,
        BatchSize = parse.GetValue(_batchSize) ?? under.BatchSize,
        Accumulate = parse.GetValue(_accumulate) ?? under.Accumulate,
        NumSteps = parse.GetValue(_numSteps) ?? under.NumSteps,
        Sampling = parse.GetValue(_sampling) ?? under.Sampling,
        ResetEvery = parse.GetValue(_resetEvery) ?? under.ResetEvery,
        SampledSoftmax = parse.GetValue(_sampledSoftmax) ?? under.SampledSoftmax,
        TrainWindows = parse.GetValue(_trainWindows) ?? under.TrainWindows,
        ValidationWindows = parse.GetValue(_validationWindows) ?? under.ValidationWindows,
        Truncation = parse.GetValue(_truncation) ?? under.Truncation,
        TruncationKeep = parse.GetValue(_truncationKeep) ?? under.TruncationKeep,
        Optimizer = parse.GetValue(_optimizer) ?? under.Optimizer,
        LearningRate = parse.GetValue(_learningRate) ?? under.LearningRate,
        WeightDecay = parse.GetValue(_weightDecay) ?? under.WeightDecay,
        Momentum = parse.GetValue(_momentum) ?? under.Momentum,
        Nesterov = parse.GetValue(_nesterov) ?? under.Nesterov,
        Beta2 = parse.GetValue(_beta2) ?? under.Beta2,
        ClipNorm = parse.GetValue(_clip) ?? under.ClipNorm,
        Clipping = parse.GetValue(_clipBy) ?? under.Clipping,
        Schedule = under.Schedule with
        {
            Kind = parse.GetValue(_schedule) ?? under.Schedule.Kind,
            WarmUpEpochs = parse.GetValue(_warmUp) ?? under.Schedule.WarmUpEpochs,
            StepEpochs = parse.GetValue(_scheduleStep) ?? under.Schedule.StepEpochs,
            PlateauEpochs = parse.GetValue(_plateauEpochs) ?? under.Schedule.PlateauEpochs,
            Factor = parse.GetValue(_scheduleFactor) ?? under.Schedule.Factor,
            EndFraction = parse.GetValue(_scheduleEnd) ?? under.Schedule.EndFraction,
        },
        Freeze = parse.GetValue(_freeze) is { } freeze ? freeze == NothingFrozen ? null : freeze : under.Freeze,
        Ridge = parse.GetValue(_ridge) is { } ridge ? ridge.Value : under.Ridge,
        Seed = parse.GetValue(_seed) ?? under.Seed,
    };
}
