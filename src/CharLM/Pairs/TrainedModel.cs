using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Pairs;

/// <summary>A model that learns from pairs, with its vocabs: made, measured, kept in files.</summary>
/// <typeparam name="TSelf">Which kind it is.</typeparam>
/// <typeparam name="TConfig">What it is made of.</typeparam>
public abstract class TrainedModel<TSelf, TConfig> : IDisposable
    where TSelf : TrainedModel<TSelf, TConfig>, ITrainedModel<TSelf, TConfig>
    where TConfig : class, IPairConfig, new()
{
    /// <summary>Examples that are read side by side when nothing is learned.</summary>
    protected const int RowsAtOnce = 128;

    /// <summary>A model, new or of a file.</summary>
    /// <param name="start">The file that it comes from; null for a new one.</param>
    private protected TrainedModel(PairCheckpoint<TConfig>? start) => Start = start;

    /// <summary>The model.</summary>
    internal abstract PairModel<TConfig> Model { get; }

    /// <summary>What the model is made of.</summary>
    public TConfig Config => Model.Config;

    /// <summary>Its vocabs.</summary>
    internal abstract PairVocab Vocab { get; }

    /// <summary>The file that it comes from; null for a new one.</summary>
    internal PairCheckpoint<TConfig>? Start { get; }

    /// <summary>A new model, with the vocabs of its training pairs.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="pairs">What it will learn.</param>
    /// <param name="seed">Fixes its weights.</param>
    /// <param name="device">Where it lives; default the CPU.</param>
    /// <param name="threads">Threads of the kernels; default 0: one a processor.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    /// <exception cref="PairFileException">A pair cannot be learned, or two labels differ in white space alone; names the line.</exception>
    public static TSelf Create(TConfig config, PairFile pairs, long seed, Device? device = null, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(pairs);
        InvalidConfigException.ThrowIfAny(config.Errors());
        PairVocab vocab = TSelf.VocabOf(config, pairs.Pairs);
        manual_seed(seed);
        TSelf model = TSelf.Build(config, vocab.Source, vocab.Target, threads, null);
        model.CheckLearnable(pairs);
        CheckLabels(vocab, pairs);
        return device is null ? model : model.To(device);
    }

    /// <summary>A model of a file.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign, of another kind or from a newer toolkit.</exception>
    public static TSelf Open(string path, Device? device = null, int threads = 0) => Open(ReadFile(path), device, threads);

    /// <summary>A model of what a file holds.</summary>
    internal static TSelf Open(PairCheckpoint<TConfig> file, Device? device = null, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(file);
        TSelf model = TSelf.Build(file.Config, file.Source, file.Target, threads, file);
        Checkpoint.SetWeights(model.Model, file.Weights);
        return device is null ? model : model.To(device);
    }

    /// <summary>What a file holds.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign, of another kind or from a newer toolkit.</exception>
    public static PairCheckpoint<TConfig> ReadFile(string path) => PairModelFile.Read<TConfig>(path, TSelf.Shapes);

    /// <summary>Writes what a file holds.</summary>
    /// <param name="path">The file.</param>
    /// <param name="file">Its content.</param>
    /// <param name="replacing">Called when the new file is whole, before it takes the old one's place.</param>
    internal static void WriteFile(string path, PairCheckpoint<TConfig> file, Action? replacing = null) =>
        PairModelFile.Write(path, file, TSelf.Shapes, replacing);

    /// <summary>The same model on a device.</summary>
    public TSelf To(Device device)
    {
        Model.to(device);
        return (TSelf)this;
    }

    /// <summary>Writes the model.</summary>
    /// <exception cref="CheckpointException">The file cannot be written, or the model has weights of its own; an old one is as it
    /// was.</exception>
    public void Write(string path, TrainerConfig training, PairFile pairs, TrainingProgress figures) =>
        WriteFile(path, Copy(training, pairs, figures));

    /// <summary>What a file of the model holds, its weights copied.</summary>
    /// <param name="training">How it was trained.</param>
    /// <param name="pairs">What it learned.</param>
    /// <param name="figures">What training has reached.</param>
    internal PairCheckpoint<TConfig> Copy(TrainerConfig training, PairFile pairs, TrainingProgress figures)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        return new PairCheckpoint<TConfig>
        {
            Config = Model.Config,
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

/// <summary>What is particular to a kind of <see cref="TrainedModel{TSelf, TConfig}"/>.</summary>
/// <typeparam name="TSelf">The kind.</typeparam>
/// <typeparam name="TConfig">What its models are made of.</typeparam>
public interface ITrainedModel<TSelf, TConfig>
    where TSelf : TrainedModel<TSelf, TConfig>, ITrainedModel<TSelf, TConfig>
    where TConfig : class, IPairConfig, new()
{
    /// <summary>The vocabs of training pairs.</summary>
    internal static abstract PairVocab VocabOf(TConfig config, IReadOnlyList<TextPair> pairs);

    /// <summary>Name to shape of every weight.</summary>
    /// <exception cref="FormatException">No model can have these vocabs; says why.</exception>
    internal static abstract IReadOnlyDictionary<string, long[]> Shapes(TConfig config, Vocab source, Vocab target);

    /// <summary>A model with fresh weights, drawn from torch's generator.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="source">Tokens of what is read.</param>
    /// <param name="target">Labels, or tokens of what is written.</param>
    /// <param name="threads">Threads of the kernels; 0: one a processor.</param>
    /// <param name="start">The file that its weights will come from; null for a new model.</param>
    internal static abstract TSelf Build(TConfig config, Vocab source, Vocab target, int threads, PairCheckpoint<TConfig>? start);
}
