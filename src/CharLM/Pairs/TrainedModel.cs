using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Pairs;

/// <summary>A model that learns from pairs, with its vocabs: made, measured, kept in files.</summary>
public abstract class TrainedModel : IDisposable
{
    /// <summary>Examples that are read side by side when nothing is learned.</summary>
    protected const int RowsAtOnce = 128;

    /// <summary>A model, new or of a file.</summary>
    /// <param name="start">The file that it comes from; null for a new one.</param>
    private protected TrainedModel(PairCheckpoint? start) => Start = start;

    /// <summary>The model.</summary>
    internal abstract PairModel Model { get; }

    /// <summary>What the model is made of.</summary>
    public abstract PairConfig Config { get; }

    /// <summary>Its vocabs.</summary>
    internal abstract PairVocab Vocab { get; }

    /// <summary>The file that it comes from; null for a new one.</summary>
    internal PairCheckpoint? Start { get; }

    /// <summary>A new model, with the vocabs of its training pairs.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="pairs">What it will learn.</param>
    /// <param name="seed">Fixes its weights.</param>
    /// <param name="device">Where it lives; default the CPU.</param>
    /// <param name="threads">Threads of the kernels; default 0: one a processor.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    /// <exception cref="PairFileException">A pair cannot be learned, or two labels differ in white space alone; names the line.</exception>
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

    /// <summary>A model of what a file holds.</summary>
    internal static TrainedModel Open(PairCheckpoint file, Device? device = null, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(file);
        TrainedModel model = file.Config.Build(file.Source, file.Target, threads, file);
        Checkpoint.SetWeights(model.Model, file.Weights);
        return model.On(device);
    }

    /// <summary>Writes the model.</summary>
    /// <exception cref="CheckpointException">The file cannot be written, or the model has weights of its own; an old one is as it
    /// was.</exception>
    public void Write(string path, TrainerConfig training, PairFile pairs, TrainingProgress figures) =>
        PairModelFile.Write(path, Copy(training, pairs, figures));

    /// <summary>What a file of the model holds, its weights copied.</summary>
    /// <param name="training">How it was trained.</param>
    /// <param name="pairs">What it learned.</param>
    /// <param name="figures">What training has reached.</param>
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

    /// <summary>Refuses the first pair that can be neither learned nor measured.</summary>
    /// <exception cref="PairFileException">Names its line.</exception>
    public void Check(PairFile pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        pairs.Check(ErrorOf);
    }

    /// <summary>Refuses the first pair that cannot be learned.</summary>
    /// <exception cref="PairFileException">Names its line.</exception>
    public void CheckLearnable(PairFile pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        pairs.Check(ErrorOfLearning);
    }

    /// <summary>Why a source cannot be read; null when it can.</summary>
    public abstract string? ErrorOfSource(string source);

    /// <summary>Why a pair can be neither learned nor measured; null when it can.</summary>
    public abstract string? ErrorOf(TextPair pair);

    /// <summary>Why a pair cannot be learned, although it could be measured, too; null when it can.</summary>
    public virtual string? ErrorOfLearning(TextPair pair) => ErrorOf(pair);

    /// <summary>Teaches the model pairs.</summary>
    public abstract IPairTask Task(IReadOnlyList<TextPair> pairs);

    /// <summary>
    /// Measures the model on pairs, the most important figure first; of it, more is better. Empty where no figure but the loss
    /// says anything.
    /// </summary>
    /// <param name="pairs">One or more.</param>
    /// <param name="cancellationToken">Looked at before each batch.</param>
    public abstract IReadOnlyList<Metric> Metrics(IReadOnlyList<TextPair> pairs, CancellationToken cancellationToken = default);

    /// <summary>What the model makes of sources.</summary>
    /// <returns>In the order of the sources, as text.</returns>
    public abstract IReadOnlyList<string> Predict(IReadOnlyList<string> sources, CancellationToken cancellationToken = default);

    /// <summary>The mean loss over pairs, without learning from them.</summary>
    /// <param name="pairs">One or more.</param>
    /// <param name="cancellationToken">Looked at before each batch.</param>
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

    // Nobody means "A" and "A " as two classes.
    private static void CheckLabels(PairVocab vocab, PairFile pairs)
    {
        var first = new Dictionary<string, string>(StringComparer.Ordinal);
        pairs.Check(pair =>
        {
            if (vocab.LabelIn(pair) is not { } label || first.TryAdd(label.Trim(), label) || first[label.Trim()] == label)
                return null;
            return $"the labels '{first[label.Trim()]}' and '{label}' differ in white space alone: write them the same";
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Model.Dispose();
        GC.SuppressFinalize(this);
    }
}
