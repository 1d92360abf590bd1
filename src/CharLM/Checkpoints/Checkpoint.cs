using CharLM.Corpora;
using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Quantized;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Checkpoints;

/// <summary>A trained model with everything needed to use it.</summary>
/// <remarks>Thread safety: any number of threads, while nobody changes the arrays of its weights.</remarks>
public sealed record Checkpoint : ISavedModel, IRunCheckpoint
{
    /// <summary>The configuration of the model.</summary>
    public required ModelConfig Model { get; init; }

    /// <summary>How its text became token ids.</summary>
    public required TextConfig Text { get; init; }

    /// <summary>Token to id and back.</summary>
    public required Vocab Vocab { get; init; }

    /// <summary>The configuration of its training.</summary>
    public required TrainerConfig Training { get; init; }

    /// <summary>The text it was trained on.</summary>
    public required CorpusRecord Corpus { get; init; }

    /// <inheritdoc/>
    public TextSketch? TrainedText { get; init; }

    /// <summary>The progress of training when it was saved.</summary>
    public required TrainingProgress Progress { get; init; }

    /// <summary>The weights, keyed by PyTorch's names.</summary>
    public required IReadOnlyDictionary<string, WeightArray> Weights { get; init; }

    /// <summary>The state needed to resume training exactly; null when the model is only for use.</summary>
    public ResumeState? Resume { get; init; }

    /// <inheritdoc/>
    public TextParts PartsOf(long tokens) => TextParts.Of(tokens, Text, Training.Windows);

    /// <summary>The number of trainable values.</summary>
    public long NumParameters => Weights.Values.Sum(weight => weight.Values.LongLength);

    /// <summary>Copies the weights of a model.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model is being trained at the moment.</exception>
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

    /// <summary>Sets the weights of a model.</summary>
    /// <param name="model">A model with weights of these names and shapes.</param>
    /// <param name="weights">Weights from <see cref="CopyWeights"/>.</param>
    internal static void SetWeights(nn.Module model, IReadOnlyDictionary<string, WeightArray> weights)
    {
        using ModelAccess.Lease change = ModelAccess.Of(model)?.Change() ?? default;
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
            parameter.copy_(tensor(weights[name].Values, [.. weights[name].Shape]));
    }

    /// <summary>Builds a model with these weights.</summary>
    /// <param name="implementation">The implementation; default the one that it was trained with.</param>
    /// <param name="device">The device; default the CPU.</param>
    /// <exception cref="InvalidConfigException">The implementation cannot compute this model.</exception>
    public LanguageModel BuildModel(Implementation? implementation = null, Device? device = null)
    {
        var model = new LanguageModel(Model with { Implementation = implementation ?? ImplementationOn(device) }, Vocab.Count, false);
        SetWeights(model, Weights);
        if (device is not null)
            model.to(device);
        return model;
    }

    /// <summary>
    /// The same model with more tokens: each new token's embedding or one-hot column, output row and bias are the means over the
    /// existing tokens.
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

    // The kernels run on the CPU only.
    private Implementation ImplementationOn(Device? device) =>
        Model.Implementation == Implementation.Fused && device is not null && device.type != DeviceType.CPU
            ? (Model.WeightDropout > 0 || (Model.LockedDropout && Model.Dropout > 0) ? Implementation.Custom : Implementation.BuiltIn)
            : Model.Implementation;

    /// <summary>Opens the model for prediction on the CPU without torch; null if the kernels cannot compute it.</summary>
    /// <param name="threads">Threads; 0: chosen by measuring.</param>
    /// <param name="bits">How many bits each weight has.</param>
    internal ILanguageModel? OpenWithoutTorch(int threads, WeightBits bits) => FusedModel.Computes(Model)
        ? new FusedModel(Model, Vocab.Count, Weights.Select(weight => (weight.Key, weight.Value.Shape, weight.Value.Values)), threads, bits)
        : null;

    /// <inheritdoc/>
    /// <remarks>Uses the kernels where they support the model, else the implementation of its training; the results are equal.</remarks>
    public ILanguageModel Open(Device? device = null, int threads = 0)
    {
        bool onCpu = device is null || device.type == DeviceType.CPU;
        bool fuses = onCpu && !(Model with { Implementation = Implementation.Fused }).Errors().Any();
        LanguageModel model = BuildModel(fuses ? Implementation.Fused : null, device);
        model.Threads = threads;
        return model;
    }
}

/// <summary>Identifies the text that a model was trained on.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Name">The corpus's name, or the given path.</param>
/// <param name="Sha256">SHA-256 of its bytes, hexadecimal.</param>
public sealed record CorpusRecord(string Name, string Sha256)
{
    /// <summary>Names and full paths to find the text again; null when unknown, and for standard input.</summary>
    public IReadOnlyList<string>? Texts { get; init; }

    /// <summary>A prefix in the style of the text, for samples; null when unknown.</summary>
    public string? Prefix { get; init; }

    /// <summary>The temperature at which samples read like the text, 0 for greedy ones; null when unknown.</summary>
    public double? Temperature { get; init; }

    /// <summary>The record of a text.</summary>
    /// <param name="origin">The origin of the text.</param>
    /// <param name="prefix">A prefix in its style; default unknown.</param>
    internal static CorpusRecord Of(CorpusOrigin origin, string? prefix = null) => new(origin.Name, origin.Sha256)
    {
        Texts = origin.Texts.Contains(CorpusResolver.StandardInput) ? null : [.. origin.Texts],
        Prefix = prefix,
    };
}

/// <summary>What a run needs from its checkpoints, whatever model they hold.</summary>
/// <remarks>Thread safety: any number of threads, while nobody changes the arrays of its state.</remarks>
public interface IRunCheckpoint
{
    /// <summary>The text it was trained on.</summary>
    CorpusRecord Corpus { get; }

    /// <summary>The progress of training when it was saved.</summary>
    TrainingProgress Progress { get; }

    /// <summary>The state needed to resume training exactly; null when the model is only for use.</summary>
    ResumeState? Resume { get; }
}

/// <summary>
/// The progress of training when the checkpoint was written. It stores losses, in nats; a perplexity is exp of its loss, and setting
/// one sets the other.
/// </summary>
/// <remarks>
/// Files have both, and the loss comes last and wins; older files have only perplexities. Thread safety: never changes; any number of
/// threads.
/// </remarks>
public sealed record TrainingProgress
{
    /// <summary>Number of finished epochs.</summary>
    public int Epochs { get; init; }

    /// <summary>Perplexity over the last finished epoch; null before the first.</summary>
    public double? TrainPerplexity { get => Perplexity.Of(TrainLoss); init => TrainLoss = Perplexity.Loss(value); }

    /// <summary>Nats per token over the last finished epoch; null before the first.</summary>
    public double? TrainLoss { get; init; }

    /// <summary>Perplexity of the held-out text after the last epoch; null when none is held out.</summary>
    public double? HeldOutPerplexity { get => Perplexity.Of(HeldOutLoss); init => HeldOutLoss = Perplexity.Loss(value); }

    /// <summary>Nats per token of the held-out text after the last epoch; null when none is held out.</summary>
    public double? HeldOutLoss { get; init; }

    /// <summary>The best held-out perplexity so far; null when none is held out, or when another figure ranks the model.</summary>
    public double? BestHeldOutPerplexity { get => Perplexity.Of(BestHeldOutLoss); init => BestHeldOutLoss = Perplexity.Loss(value); }

    /// <summary>The lowest held-out nats per token so far; null when none is held out, or when another figure ranks the model.</summary>
    public double? BestHeldOutLoss { get; init; }

    /// <summary>
    /// For models on pairs, the best accuracy or exact match on held-out pairs so far; null when none are held out.
    /// </summary>
    public double? BestHeldOutMeasure { get; init; }

    /// <summary>The number of epochs after which the best was reached.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>
    /// The most epochs between one best and the next; null in older files, and when nothing is held out.
    /// </summary>
    public int? LongestWait { get; init; }

    /// <summary>Seconds of training.</summary>
    public double TrainedSeconds { get; init; }
}

/// <summary>Converts optional losses to perplexities and, for older files, perplexities to losses.</summary>
internal static class Perplexity
{
    /// <summary>exp of the nats per token; null for null.</summary>
    public static double? Of(double? loss) => loss is { } nats ? Math.Exp(nats) : null;

    /// <summary>The nats per token of a perplexity; null for null.</summary>
    public static double? Loss(double? perplexity) => perplexity is { } value ? Math.Log(value) : null;
}

/// <summary>One weight of a model, independent of torch.</summary>
/// <remarks>Thread safety: any number of threads may read it, while nobody changes its values.</remarks>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">Its values, row-major.</param>
public sealed record WeightArray(IReadOnlyList<long> Shape, float[] Values)
{
    /// <summary>Extends this weight along one dimension, filling the new entries with the mean of the old ones.</summary>
    /// <param name="shape">The same shape except for at most one dimension.</param>
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
