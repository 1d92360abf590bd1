using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Checkpoints;

/// <summary>A trained model with everything that is needed to use it alone.</summary>
public sealed record Checkpoint : ISavedModel, IRunCheckpoint
{
    /// <summary>What the model is made of.</summary>
    public required ModelConfig Model { get; init; }

    /// <summary>How its text became token ids.</summary>
    public required TextConfig Text { get; init; }

    /// <summary>Token to id and back.</summary>
    public required Vocab Vocab { get; init; }

    /// <summary>How it was trained.</summary>
    public required TrainerConfig Training { get; init; }

    /// <summary>Which text it was trained on.</summary>
    public required CorpusRecord Corpus { get; init; }

    /// <inheritdoc/>
    public TextSketch? TrainedText { get; init; }

    /// <summary>What training had reached.</summary>
    public required TrainingProgress Progress { get; init; }

    /// <summary>The weights by PyTorch's names.</summary>
    public required IReadOnlyDictionary<string, WeightArray> Weights { get; init; }

    /// <summary>What is needed to go on exactly; null in a model that is only to be used.</summary>
    public ResumeState? Resume { get; init; }

    /// <inheritdoc/>
    public TextParts PartsOf(long tokens) => TextParts.Of(tokens, Text, Training.Windows);

    /// <summary>The number of trainable values.</summary>
    public long NumParameters => Weights.Values.Sum(weight => weight.Values.LongLength);

    /// <summary>The weights of a model, copied.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model learns just now.</exception>
    public static IReadOnlyDictionary<string, WeightArray> CopyWeights(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using ModelAccess.Lease reading = ModelAccess.Of(model)?.Read() ?? default;
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return model.named_parameters().ToDictionary(
            entry => entry.name,
            entry => new WeightArray([.. entry.parameter.shape], FloatArray.Of(entry.parameter)));
    }

    /// <summary>Gives a model copied weights back.</summary>
    /// <param name="model">A model with weights of these names and shapes.</param>
    /// <param name="weights">What <see cref="CopyWeights"/> gave.</param>
    internal static void SetWeights(nn.Module model, IReadOnlyDictionary<string, WeightArray> weights)
    {
        using ModelAccess.Lease change = ModelAccess.Of(model)?.Change() ?? default;
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
            parameter.copy_(tensor(weights[name].Values, [.. weights[name].Shape]));
    }

    /// <summary>A model with these weights.</summary>
    /// <param name="implementation">What shall compute it; default what it was trained with.</param>
    /// <param name="device">Where it shall live; default the CPU.</param>
    /// <exception cref="InvalidConfigException">The implementation cannot compute this model.</exception>
    public LanguageModel BuildModel(Implementation? implementation = null, Device? device = null)
    {
        var model = new LanguageModel(Model with { Implementation = implementation ?? ImplementationOn(device) }, Vocab.Count);
        SetWeights(model, Weights);
        if (device is not null)
            model.to(device);
        return model;
    }

    /// <summary>
    /// The same model with more tokens: what belongs to each new one, its vector or one-hot column, its output row and bias, is the
    /// mean over those that there are.
    /// </summary>
    /// <param name="vocab">A vocab that begins with this model's (<see cref="Vocab.Extend"/>).</param>
    internal Checkpoint Extend(Vocab vocab)
    {
        if (!vocab.Tokens.Take(Vocab.Count).SequenceEqual(Vocab.Tokens))
            throw new ArgumentException("the vocab does not begin with the model's", nameof(vocab));
        IReadOnlyDictionary<string, long[]> shapes = WeightShapes.Of(Model, vocab.Count);
        return this with
        {
            Vocab = vocab,
            Weights = Weights.ToDictionary(weight => weight.Key, weight => weight.Value.Extend(shapes[weight.Key]), StringComparer.Ordinal),
            Resume = null,
        };
    }

    // The kernels are for the CPU; everything else goes where it is sent.
    private Implementation ImplementationOn(Device? device) =>
        Model.Implementation == Implementation.Fused && device is not null && device.type != DeviceType.CPU
            ? (Model.WeightDropout > 0 ? Implementation.Custom : Implementation.BuiltIn) : Model.Implementation;

    /// <inheritdoc/>
    /// <remarks>The kernels where they can compute it, else what it was trained with; the results are the same.</remarks>
    public ILanguageModel Open(Device? device = null, int threads = 0)
    {
        bool onCpu = device is null || device.type == DeviceType.CPU;
        bool fuses = onCpu && !(Model with { Implementation = Implementation.Fused }).Errors().Any();
        LanguageModel model = BuildModel(fuses ? Implementation.Fused : null, device);
        model.Threads = threads;
        return model;
    }
}

/// <summary>Which text a model was trained on.</summary>
/// <param name="Name">The corpus's name, or the path that was given.</param>
/// <param name="Sha256">SHA-256 of its bytes, hexadecimal.</param>
public sealed record CorpusRecord(string Name, string Sha256)
{
    /// <summary>Names and full paths that find the text again; null where nobody knows, and for standard input.</summary>
    public IReadOnlyList<string>? Texts { get; init; }

    /// <summary>A beginning in the manner of the text, for samples; null where nobody knows.</summary>
    public string? Prefix { get; init; }

    /// <summary>The temperature at which samples read like it, 0 for greedy ones; null where nobody knows.</summary>
    public double? Temperature { get; init; }

    /// <summary>The record of a text that was read.</summary>
    /// <param name="origin">Where it comes from.</param>
    /// <param name="prefix">A beginning in its manner.</param>
    internal static CorpusRecord Of(CorpusOrigin origin, string? prefix = null) => new(origin.Name, origin.Sha256)
    {
        Texts = origin.Texts.Contains(CorpusResolver.StandardInput) ? null : [.. origin.Texts],
        Prefix = prefix,
    };
}

/// <summary>What a run asks of its checkpoints, whatever model they hold.</summary>
public interface IRunCheckpoint
{
    /// <summary>Which text it was trained on.</summary>
    CorpusRecord Corpus { get; }

    /// <summary>What training had reached.</summary>
    TrainingProgress Progress { get; }

    /// <summary>What is needed to go on exactly; null in a model that is only to be used.</summary>
    ResumeState? Resume { get; }
}

/// <summary>
/// What training had reached when the checkpoint was written. Losses are kept, in nats; a perplexity is exp of its loss, and setting
/// one sets the other.
/// </summary>
/// <remarks>
/// Files have both. Those of before have perplexities alone; where there are both, the loss stands behind and is what counts.
/// </remarks>
public sealed record TrainingProgress
{
    /// <summary>Finished epochs.</summary>
    public int Epochs { get; init; }

    /// <summary>Perplexity over the last finished epoch; null before the first.</summary>
    public double? TrainPerplexity { get => Perplexity.Of(TrainLoss); init => TrainLoss = Perplexity.Loss(value); }

    /// <summary>Nats per token over the last finished epoch; null before the first.</summary>
    public double? TrainLoss { get; init; }

    /// <summary>Perplexity of the held-out text after it; null when none is held out.</summary>
    public double? HeldOutPerplexity { get => Perplexity.Of(HeldOutLoss); init => HeldOutLoss = Perplexity.Loss(value); }

    /// <summary>Nats per token of the held-out text after it; null when none is held out.</summary>
    public double? HeldOutLoss { get; init; }

    /// <summary>The best held-out perplexity so far; null when none is held out, and for models that another figure ranks.</summary>
    public double? BestHeldOutPerplexity { get => Perplexity.Of(BestHeldOutLoss); init => BestHeldOutLoss = Perplexity.Loss(value); }

    /// <summary>The least held-out nats a token so far; null when none is held out, and for models that another figure ranks.</summary>
    public double? BestHeldOutLoss { get; init; }

    /// <summary>
    /// For models on pairs, the greatest figure of the held-out pairs so far, accuracy or exact match; null when none are held out.
    /// </summary>
    public double? BestHeldOutMeasure { get; init; }

    /// <summary>After how many epochs the best was reached.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>
    /// The most epochs between one best and the next; null in files of before, and when nothing is held out.
    /// </summary>
    public int? LongestWait { get; init; }

    /// <summary>Seconds of training.</summary>
    public double TrainedSeconds { get; init; }
}

/// <summary>The perplexity of a loss that may be absent, and, for files that have no losses yet, the loss of a perplexity.</summary>
internal static class Perplexity
{
    /// <summary>exp of nats a token; null for none.</summary>
    public static double? Of(double? loss) => loss is { } nats ? Math.Exp(nats) : null;

    /// <summary>The nats a token of a perplexity; null for none.</summary>
    public static double? Loss(double? perplexity) => perplexity is { } value ? Math.Log(value) : null;
}

/// <summary>One weight of a model, outside torch.</summary>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">Its values, row-major.</param>
public sealed record WeightArray(IReadOnlyList<long> Shape, float[] Values)
{
    /// <summary>This weight, or one that is longer along one dimension: what is new there is the mean of what there was.</summary>
    /// <param name="shape">The same shape, but for one dimension at most.</param>
    internal WeightArray Extend(long[] shape)
    {
        int grown = Enumerable.Range(0, shape.Length).FirstOrDefault(dimension => shape[dimension] != Shape[dimension], -1);
        if (grown < 0)
            return this;
        // [before, along, after]
        long before = shape[..grown].Aggregate(1L, (product, size) => product * size);
        int old = (int)Shape[grown], along = (int)shape[grown],
            after = (int)shape[(grown + 1)..].Aggregate(1L, (product, size) => product * size);
        var values = new float[before * along * after];
        var sums = new double[after];
        for (int block = 0; block < before; block++)
        {
            ReadOnlySpan<float> from = Values.AsSpan(block * old * after, old * after);
            Span<float> to = values.AsSpan(block * along * after, along * after);
            from.CopyTo(to);
            Array.Clear(sums);
            for (int i = 0; i < from.Length; i++)
                sums[i % after] += from[i];
            for (int i = from.Length; i < to.Length; i++)
                to[i] = (float)(sums[i % after] / old);
        }
        return new WeightArray(shape, values);
    }
}
