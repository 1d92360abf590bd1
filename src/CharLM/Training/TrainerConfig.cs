using CharLM.Batching;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Training;

/// <summary>How a model is trained. The defaults are those of Dive into Deep Learning v0.17.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record TrainerConfig
{
    /// <summary>PyTorch's decay of Adam's second moments.</summary>
    internal const double DefaultBeta2 = 0.999;

    // Number of epochs of a run by steps, unless their length is set.
    private const int EpochsOfSteps = 20;

    /// <summary>Passes over the text, 1 to 1,000,000; default 500. <see cref="TotalSteps"/> takes precedence.</summary>
    public int NumEpochs { get; init; } = 500;

    /// <summary>
    /// Minibatches to learn in all, 0 or more; training may end anywhere in the text. Default 0: <see cref="NumEpochs"/> epochs.
    /// </summary>
    public int TotalSteps { get; init; }

    /// <summary>
    /// Minibatches per epoch, 0 or more; after each epoch held-out text is measured and the best model kept, and the next epoch continues
    /// where it ended. Default 0: a twentieth of <see cref="TotalSteps"/>, or without these one pass over the text.
    /// </summary>
    public int StepsPerEpoch { get; init; }

    /// <summary>Rows per minibatch, 1 to 65,536; default 32.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>
    /// Minibatches whose gradients add up to one update, 1 to 65,536; times <see cref="BatchSize"/> at most 65,536. Default 1. The result
    /// is that of a minibatch of all their rows, in the memory of one; only dropout by torch draws other values, and with
    /// <see cref="SampledSoftmax"/> each has a sample of its own.
    /// </summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>Tokens per row, which is also how far gradients go back, 1 to 65,536; default 35.</summary>
    public int NumSteps { get; init; } = 35;

    /// <summary>The order in which an epoch reads the text; default sequential.</summary>
    public SamplingOrder Sampling { get; init; } = SamplingOrder.Sequential;

    /// <summary>
    /// For sequential sampling of running text: every row's state begins at zero again after this many tokens, in whole minibatches, 0 to
    /// 1,000,000. Default 0: the state is zero only at the beginning of each pass over the text. A model that rarely starts from a zero
    /// state in training may fail when it starts from one in use.
    /// </summary>
    public int ResetEvery { get; init; }

    /// <summary>
    /// For windows: the number of windows to train on, 0 or more, from the start of the text; the next <see cref="ValidationWindows"/> are
    /// held out. Default 0: all.
    /// </summary>
    public int TrainWindows { get; init; }

    /// <summary>For windows: the number held out, 0 or more, each measured from a zero state; default 0.</summary>
    public int ValidationWindows { get; init; }

    /// <summary>Both counts and the window length, for dividing a text.</summary>
    internal WindowCounts Windows => new(TrainWindows, ValidationWindows, NumSteps);

    /// <summary>How far gradients go back; default to the beginning of the minibatch.</summary>
    public Truncation Truncation { get; init; } = Truncation.Minibatch;

    /// <summary>For random truncation: the probability that the gradient continues at a step, above 0, at most 1; default 0.9.</summary>
    public double TruncationKeep { get; init; } = 0.9;

    /// <summary>The optimizer; default SGD.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Sgd;

    /// <summary>The optimizer's learning rate, above 0 and finite; default 1.</summary>
    public double LearningRate { get; init; } = 1;

    /// <summary>How the learning rate changes; default constant.</summary>
    public ScheduleConfig Schedule { get; init; } = new();

    /// <summary>
    /// The fraction of a weight that is added to its gradient, 0 or more; for adamw, the weight shrinks by this fraction times the
    /// learning rate. Default 0.
    /// </summary>
    public double WeightDecay { get; init; }

    /// <summary>For SGD: how much of the previous step is added to the next, at least 0 and below 1; default 0 (Polyak 1964).</summary>
    public double Momentum { get; init; }

    /// <summary>
    /// For SGD with momentum: whether the gradient is taken as that of the point to which momentum leads (Nesterov 1983, in the form of
    /// Sutskever et al. 2013); default false.
    /// </summary>
    public bool Nesterov { get; init; }

    /// <summary>
    /// For Adam and AdamW: what each step keeps of the running mean of squared gradients, above 0 and below 1; default 0.999. In short
    /// runs, whose gradients change fast, a model learns a little more with 0.99.
    /// </summary>
    public double Beta2 { get; init; } = DefaultBeta2;

    /// <summary>The maximum global norm of the gradients, to which larger ones are scaled down; 0 never clips; default 1.</summary>
    /// <remarks>For clipping by value, the maximum absolute value; for rescaling, the norm of every step.</remarks>
    public double ClipNorm { get; init; } = 1;

    /// <summary>How gradients are clipped to <see cref="ClipNorm"/>; default by their global norm.</summary>
    public ClippingKind Clipping { get; init; } = ClippingKind.Norm;

    /// <summary>
    /// Parts of the model whose weights stay the same, to the last bit, separated by commas: <c>embedding,rnn.l0</c>. A part is the name
    /// of a weight, a prefix of names (<c>rnn</c>), or a layer (<c>rnn.l0</c>). Default null: all weights learn.
    /// </summary>
    public string? Freeze { get; init; }

    /// <summary>
    /// For an esn: trains the output layer alone, in closed form and one pass over the text, by ridge regression with this penalty of the
    /// squared weights, above 0; optimizer, learning rate and dropout then have no effect. Default null: by gradients.
    /// </summary>
    public double? Ridge { get; init; }

    /// <summary>
    /// For large vocabs: the number of tokens, on average, on which a minibatch learns the output layer, besides its targets, drawn anew
    /// each time, 0 or 16 to 1,000,000. Steps get faster, and the training loss is an estimate; held-out text is measured with all tokens.
    /// Default 0: all tokens of the vocab.
    /// </summary>
    public int SampledSoftmax { get; init; }

    /// <summary>
    /// Fixes all randomness of training: the order of the minibatches, dropout, random truncation; in a run, which creates its model, also
    /// the initial weights. A trainer starts from its model's weights. Default 0.
    /// </summary>
    public long Seed { get; init; }

    /// <summary>Rows that an update learns from.</summary>
    internal int RowsOfUpdate => BatchSize * Accumulate;

    /// <summary>Minibatches per epoch in effect; 0 if an epoch is a pass over the text.</summary>
    public int EpochLength => StepsPerEpoch > 0 ? StepsPerEpoch : (TotalSteps + EpochsOfSteps - 1) / EpochsOfSteps;

    /// <summary>Epochs of the run; with <see cref="TotalSteps"/>, the last may be shorter.</summary>
    public int EpochCount => Ridge is not null ? 1 : TotalSteps > 0 ? (TotalSteps + EpochLength - 1) / EpochLength : NumEpochs;

    /// <summary>Every error of the configuration; empty when there is none.</summary>
    public IEnumerable<string> Errors()
    {
        if (NumEpochs is < 1 or > 1_000_000)
            yield return $"epochs must be 1 to 1000000, not {NumEpochs}";
        if (TotalSteps < 0)
            yield return $"steps must be 0 (by epochs) or more, not {TotalSteps}";
        if (StepsPerEpoch < 0)
            yield return $"steps-per-epoch must be 0 (a pass over the text) or more, not {StepsPerEpoch}";
        if (EpochLength > 0 && Truncation == Truncation.None)
            yield return "truncation none takes one step for each pass over the text: count in epochs, not in steps";
        if (BatchSize is < 1 or > 65536)
            yield return $"batch-size must be 1 to 65536, not {BatchSize}";
        if (Accumulate is < 1 or > 65536)
            yield return $"accumulate must be 1 to 65536, not {Accumulate}";
        else if (BatchSize is >= 1 and <= 65536 && (long)BatchSize * Accumulate > 65536)
            yield return $"batch-size times accumulate must be at most 65536 rows, not {(long)BatchSize * Accumulate}";
        if (NumSteps is < 1 or > 65536)
            yield return $"num-steps must be 1 to 65536, not {NumSteps}";
        if (ResetEvery is < 0 or > 1_000_000)
            yield return $"reset-every must be 0 (at each pass) to 1000000, not {ResetEvery}";
        if (TrainWindows < 0)
            yield return $"train-windows must be 0 or more, not {TrainWindows}";
        if (ValidationWindows < 0)
            yield return $"validation-windows must be 0 or more, not {ValidationWindows}";
        if (Sampling != SamplingOrder.Windows && (TrainWindows > 0 || ValidationWindows > 0))
            yield return "train-windows and validation-windows are for --sampling windows";
        if (ValidationWindows > 0 && TrainWindows == 0)
            yield return "validation-windows are those after train-windows: give both";
        if (!(TruncationKeep is > 0 and <= 1))
            yield return $"truncation-keep must be above 0 and at most 1, not {TruncationKeep}";
        if (Truncation == Truncation.None && Sampling != SamplingOrder.Sequential)
            yield return $"truncation none reads each row to its end, which is for sequential sampling, not for {Choices.NameOf(Sampling)}";
        if (!(WeightDecay >= 0 && double.IsFinite(WeightDecay)))
            yield return $"weight-decay must be 0 or above and finite, not {WeightDecay}";
        if (!(Momentum is >= 0 and < 1))
            yield return $"momentum must be at least 0 and below 1, not {Momentum}";
        else if (Momentum > 0 && Optimizer != OptimizerKind.Sgd)
            yield return $"momentum is for the optimizer sgd, not for {Choices.NameOf(Optimizer)}";
        if (Nesterov && Momentum == 0)
            yield return "nesterov changes how momentum acts: give --momentum above 0, too";
        if (!(Beta2 is > 0 and < 1))
            yield return $"beta2 must be above 0 and below 1, not {Beta2}";
        else if (Beta2 != DefaultBeta2 && Optimizer is not (OptimizerKind.Adam or OptimizerKind.AdamW))
            yield return $"beta2 is for the optimizers adam and adamw, not for {Choices.NameOf(Optimizer)}";
        if (Ridge is { } ridge && !(ridge > 0 && double.IsFinite(ridge)))
            yield return $"ridge must be above 0 and finite, not {ridge}";
        if (Ridge is not null && Accumulate > 1)
            yield return "accumulate is for gradients, and ridge has none: leave one of both out";
        if (Ridge is not null && EpochLength > 0)
            yield return "ridge takes one pass over the text: leave steps and steps-per-epoch out";
        if (Ridge is not null && Truncation != Truncation.Minibatch)
            yield return "truncation is for gradients, and ridge has none: leave one of both out";
        if (Ridge is not null && Sampling == SamplingOrder.Windows)
            yield return "ridge would count each token as often as windows overlap: take sampling sequential or random";
        if (Ridge is not null && Freeze is not null)
            yield return "freeze is for gradients, and ridge has none: leave one of both out";
        if (SampledSoftmax is not (0 or (>= 16 and <= 1_000_000)))
            yield return $"sampled-softmax must be 0 (all tokens) or 16 to 1000000, not {SampledSoftmax}";
        foreach (string error in Schedule.Errors())
            yield return error;
        if (!(LearningRate > 0 && double.IsFinite(LearningRate)))
            yield return $"lr must be above 0 and finite, not {LearningRate}";
        if (!(ClipNorm >= 0 && double.IsFinite(ClipNorm)))
            yield return $"clip must be 0 (never) or above and finite, not {ClipNorm}";
        if (FrozenParts.Named(Freeze).Contains(""))
            yield return $"freeze must name parts of the model, separated by commas, not '{Freeze}'";
    }

    /// <summary>Every reason why a model cannot be trained in closed form; empty when it is not to be, or can.</summary>
    internal IEnumerable<string> RidgeErrors(ModelConfig model)
    {
        if (Ridge is null)
            yield break;
        if (model.Cell != CellKind.Esn)
            yield return $"ridge trains the output layer of a fixed reservoir: take --cell esn, not {model.CellName}";
        if (model.Attention is not null)
            yield return "ridge trains the output layer alone, not attention: leave one of both out";
        if (model.TieWeights)
            yield return "ridge solves for the output layer's weights, which tie-weights would share with the input: leave one of both out";
    }

    /// <summary>Every reason why a model cannot learn on samples of the vocab; empty when it is not to, or can.</summary>
    internal IEnumerable<string> SampledSoftmaxErrors(ModelConfig? model)
    {
        if (SampledSoftmax > 0 && model is not { Implementation: Implementation.Fused, Attention: null })
            yield return "sampled-softmax is for models that the kernels compute: take the fused implementation, without attention, or "
                + "sampled-softmax 0";
    }

    /// <summary>Every reason why this configuration does not work with documents; empty when there is none.</summary>
    internal IEnumerable<string> DocumentErrors(ModelConfig model)
    {
        if (Sampling == SamplingOrder.Windows)
            yield return "overlapping windows cross the ends of documents: take sampling sequential or random";
        if (Truncation == Truncation.None)
            yield return "truncation none reads the text in long rows, and documents are short ones: take num-steps as long as the longest";
        if (model.Bidirectional)
            yield return "a bidirectional model reads the ends of documents before it predicts them: leave bidirectional out";
    }

    /// <summary>Throws when the configuration has an error.</summary>
    /// <exception cref="InvalidConfigException">Lists every error.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Errors());
}

/// <summary>How far backpropagation through time goes back (Dive into Deep Learning v0.17, 8.7).</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum Truncation
{
    /// <summary>To the beginning of the minibatch: at most num_steps. The usual choice.</summary>
    Minibatch,

    /// <summary>To the beginning of the text: each row is read to its end before a step is taken.</summary>
    None,

    /// <summary>
    /// At random: at each step the gradient stops with probability 1 - p and is otherwise divided by p, so that its expectation is that of
    /// the full gradient (Tallec and Ollivier 2017).
    /// </summary>
    Random,
}
