using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Pairs;

/// <summary>A model for pairs with its vocabs: creates, measures, reads and writes it.</summary>
/// <remarks>
/// Thread safety: any number of threads may predict with it at once. One trainer may change it; using the model during a training step or
/// after it is disposed throws.
/// </remarks>
public abstract class TrainedModel : IDisposable
{
    /// <summary>Examples read side by side outside of training.</summary>
    protected const int RowsAtOnce = 128;

    /// <summary>A model, new or from a file.</summary>
    /// <param name="start">The file's content; null for a new model.</param>
    private protected TrainedModel(PairCheckpoint? start) => Start = start;

    /// <summary>The model.</summary>
    internal abstract PairModel Model { get; }

    /// <summary>The configuration of the model.</summary>
    public abstract PairConfig Config { get; }

    /// <summary>Its vocabs.</summary>
    internal abstract PairVocab Vocab { get; }

    /// <summary>The content of the file that it was read from; null for a new model.</summary>
    internal PairCheckpoint? Start { get; }

    /// <summary>Creates a model with the vocabs of its training pairs.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="pairs">The training pairs.</param>
    /// <param name="seed">Fixes its weights.</param>
    /// <param name="device">The device; default the CPU.</param>
    /// <param name="threads">Threads of the kernels; default 0: one per processor.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    /// <exception cref="PairFileException">A pair cannot be learned, or two labels differ only in white space; names the line.</exception>
    internal static TrainedModel Create(PairConfig config, PairFile pairs, long seed, Device? device = null, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(pairs);
        InvalidConfigException.ThrowIfAny(config.Errors());
        PairVocab vocab = config.VocabOf(pairs.Pairs);
        manual_seed(seed);
        TrainedModel model = config.Build(vocab.Source, vocab.Target, threads, null);
        model.CheckLearnable(pairs);
        CheckLabels(vocab, pairs);
        return model.On(device);
    }

    /// <summary>Builds a model from the content of a file; on another device than the CPU, with torch.nn instead of the kernels.</summary>
    internal static TrainedModel Open(PairCheckpoint file, Device? device = null, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (device is { type: not DeviceType.CPU } && file.Config.Model.Implementation == Implementation.Fused)
            file = file with { Config = file.Config with { Model = file.Config.Model with { Implementation = Implementation.BuiltIn } } };
        TrainedModel model = file.Config.Build(file.Source, file.Target, threads, file);
        Checkpoint.SetWeights(model.Model, file.Weights);
        return model.On(device);
    }

    /// <summary>Writes the model.</summary>
    /// <exception cref="CheckpointException">The file cannot be written, or the model has unexpected weights; an old file is
    /// unchanged.</exception>
    public void Write(string path, TrainerConfig training, PairFile pairs, TrainingProgress figures) =>
        PairModelFile.Write(path, Copy(training, pairs, figures));

    /// <summary>The content for a file of the model, with copied weights.</summary>
    /// <param name="training">The configuration of its training.</param>
    /// <param name="pairs">The training pairs.</param>
    /// <param name="figures">The progress of training.</param>
    internal PairCheckpoint Copy(TrainerConfig training, PairFile pairs, TrainingProgress figures)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        return new PairCheckpoint
        {
            Config = Config,
            Source = Vocab.Source,
            Target = Vocab.Target,
            Training = training,
            Corpus = pairs.Record,
            Progress = figures,
            Weights = Checkpoint.CopyWeights(Model),
        };
    }

    /// <summary>Throws for the first pair that can be neither learned nor measured.</summary>
    /// <exception cref="PairFileException">There is one; the message names its line.</exception>
    public void Check(PairFile pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        pairs.Check(ErrorOf);
    }

    /// <summary>Throws for the first pair that cannot be learned.</summary>
    /// <exception cref="PairFileException">There is one; the message names its line.</exception>
    public void CheckLearnable(PairFile pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        pairs.Check(ErrorOfLearning);
    }

    /// <summary>Why a source cannot be read; null when it can.</summary>
    public abstract string? ErrorOfSource(string source);

    /// <summary>Why a pair can be neither learned nor measured; null when it can.</summary>
    public abstract string? ErrorOf(TextPair pair);

    /// <summary>Why a pair cannot be learned, even if it can be measured; null when it can.</summary>
    public virtual string? ErrorOfLearning(TextPair pair) => ErrorOf(pair);

    /// <summary>The task of training the model on pairs.</summary>
    public abstract IPairTask Task(IReadOnlyList<TextPair> pairs);

    /// <summary>
    /// Measures the model on pairs: the most important figure first, for which higher is better; empty when only the loss is
    /// meaningful.
    /// </summary>
    /// <param name="pairs">The pairs, one or more.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    public abstract IReadOnlyList<Metric> Metrics(IReadOnlyList<TextPair> pairs, CancellationToken cancellationToken = default);

    /// <summary>Whether a prediction is the target of a pair, as the model reads targets.</summary>
    internal virtual bool IsRight(TextPair pair, string prediction) => pair.Target == prediction;

    /// <summary>Predicts the targets of sources.</summary>
    /// <returns>The targets as text, in the order of the sources.</returns>
    public abstract IReadOnlyList<string> Predict(IReadOnlyList<string> sources, CancellationToken cancellationToken = default);

    /// <summary>Measures the loss over pairs without learning from them.</summary>
    /// <param name="pairs">The pairs, one or more.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    public LossSum Loss(IReadOnlyList<TextPair> pairs, CancellationToken cancellationToken = default)
    {
        using IDisposable unrecorded = no_grad();
        using ModelAccess.Evaluation evaluation = Model.Access.Evaluate();
        using ModelAccess.Lease reading = Model.Access.Read(evaluating: true);
        IPairTask task = Task(pairs);
        var nats = default(LossSum);
        foreach (int[] some in Enumerable.Range(0, pairs.Count).OrderBy(i => task.Lengths[i]).Chunk(RowsAtOnce))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            (Tensor loss, long predictions) = task.Loss(some);
            nats += new LossSum(FloatArray.ValueOf(loss) * predictions, predictions);
        }
        return nats;
    }

    private TrainedModel On(Device? device)
    {
        if (device is not null)
            Model.to(device);
        return this;
    }

    // "A" and "A " are never meant as two classes.
    private static void CheckLabels(PairVocab vocab, PairFile pairs)
    {
        var first = new Dictionary<string, string>(StringComparer.Ordinal);
        pairs.Check(pair =>
        {
            if (vocab.LabelIn(pair) is not { } label || first.TryAdd(label.Trim(), label) || first[label.Trim()] == label)
                return null;
            return $"the labels '{first[label.Trim()]}' and '{label}' differ only in white space: write them the same";
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Model.Dispose();
        GC.SuppressFinalize(this);
    }
}
