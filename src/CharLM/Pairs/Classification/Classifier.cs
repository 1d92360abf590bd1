using CharLM.Batching;
using CharLM.Models;
using CharLM.Models.Attention;
using TorchSharp.Modules;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Pairs.Classification;

/// <summary>
/// A classifier: recurrent layers read a text, and a linear layer predicts labels: one for the text, from its pooled states, or one for
/// every character.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may predict with it at once. One trainer may change it; using the model during a training step
/// or after it is disposed throws. Guard weights yourself if you change them by other means (<c>load_state_dict</c>, <c>to</c>, your own
/// optimizer).
/// </remarks>
internal sealed class Classifier : PairModel
{
    private readonly SequenceEncoder _encoder;
    private readonly Embedding? _embedding;
    private readonly AdditiveAttention? _attention;
    private readonly SelfAttention? _encoderAttention;
    private readonly Parameter? _query;
    private readonly Linear _output;

    /// <summary>A model with fresh weights, drawn from torch's generator.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="vocabSize">Number of tokens in the vocab.</param>
    /// <param name="numLabels">Number of labels, 1 or more.</param>
    /// <param name="threads">Threads of the fused kernels; default 0: one per processor.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    public Classifier(ClassifierConfig config, int vocabSize, int numLabels, int threads = 0)
        : base(nameof(Classifier), config)
    {
        (Config, VocabSize, NumLabels) = (config, vocabSize, numLabels);
        ModelConfig model = config.Model;
        if (model.EmbeddingSize > 0)
            register_module("embedding", _embedding = Embedding(vocabSize, model.EmbeddingSize));
        register_module("encoder", _encoder = new SequenceEncoder(model, model.InputSize(vocabSize), threads));
        if (config.Pooling == Pooling.Attention)
        {
            register_module("attention", _attention = new AdditiveAttention(model.OutputSize, model.OutputSize, model.NumHiddens));
            register_parameter("query", _query = new Parameter(Divide(randn(model.OutputSize), Math.Sqrt(model.OutputSize))));
        }
        if (config.EncoderAttention is { } kind)
            register_module("encoder_attention", _encoderAttention = new SelfAttention(kind, model.OutputSize, config.MaxLength));
        register_module("output", _output = Linear(model.OutputSize, numLabels));
        WeightInitializer.Apply(this, model);
    }

    /// <summary>Number of tokens in the vocab.</summary>
    public int VocabSize { get; }

    /// <summary>Number of labels.</summary>
    public int NumLabels { get; }

    /// <summary>The configuration of the model.</summary>
    public ClassifierConfig Config { get; }

    /// <inheritdoc/>
    public override Device Device => _output.weight.device;

    /// <summary>Reads texts.</summary>
    /// <returns>The logits of the labels: [batch, labels] for texts, [num_steps, batch, labels] for characters.</returns>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model is being trained at the moment.</exception>
    public Tensor Forward(PaddedBatch texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        using ModelAccess.Lease reading = Access.Read();
        return Compute(texts);
    }

    /// <summary>The same for callers that already hold access to the model.</summary>
    /// <inheritdoc cref="Forward"/>
    internal Tensor Compute(PaddedBatch texts)
    {
        ModelConfig model = Config.Model;
        Tensor vectors = TokenVectors.Of(texts.Ids(Device).t(), _embedding, VocabSize, _output.weight.dtype);
        (Tensor outputs, RecurrentState last) = _encoder.Forward(functional.dropout(vectors, model.InputDropout, training), texts.Lengths);
        outputs = _encoderAttention?.Forward(outputs, texts.Lengths) ?? outputs;
        Tensor read = Config.LabelOf == LabelOf.Character ? outputs : Pool(outputs, last, texts);
        return _output.forward(functional.dropout(read, model.OutputDropout, training));
    }

    /// <summary>The shape of every weight, by name.</summary>
    internal static IReadOnlyDictionary<string, long[]> Shapes(ClassifierConfig config, int vocabSize, int numLabels)
    {
        ModelConfig model = config.Model;
        var shapes = new Dictionary<string, long[]>(StringComparer.Ordinal);
        if (model.EmbeddingSize > 0)
            shapes["embedding.weight"] = [vocabSize, model.EmbeddingSize];
        WeightShapes.AddEncoder(shapes, "encoder", model, model.InputSize(vocabSize));
        if (config.Pooling == Pooling.Attention)
        {
            WeightShapes.AddAttention(
                shapes, "attention", AttentionKind.Additive, model.OutputSize, model.OutputSize, model.NumHiddens, places: 0);
            shapes["query"] = [model.OutputSize];
        }
        if (config.EncoderAttention is { } kind)
            SelfAttention.AddShapes(shapes, "encoder_attention", kind, model.OutputSize, config.MaxLength);
        WeightShapes.AddLinear(shapes, "output", model.OutputSize, numLabels);
        return shapes;
    }

    // [num_steps, batch, size] -> [batch, size]
    private Tensor Pool(Tensor outputs, RecurrentState last, PaddedBatch texts)
    {
        long batch = texts.BatchSize, directions = Config.Model.NumDirections;
        switch (Config.Pooling)
        {
            case Pooling.Last when _encoderAttention is not null:
                long[] places = [.. texts.Lengths.ToArray().Select(length => length - 1)];
                Tensor ends = tensor(places, device: Device).view(1, batch, 1);
                return outputs.gather(0, ends.expand(1, batch, outputs.shape[^1])).squeeze(0);
            case Pooling.Last:
                return last.Hidden.narrow(0, last.Hidden.shape[0] - directions, directions).transpose(0, 1).reshape(batch, -1);
            case Pooling.Mean:
                // Outputs past the end are zero and add nothing to the sum.
                Tensor lengths = tensor(texts.Lengths.ToArray(), device: Device).to_type(outputs.dtype).unsqueeze(-1);
                return outputs.sum(dim: 0) / lengths;
            default:
                Tensor batchFirst = outputs.transpose(0, 1);
                Tensor query = _query!.view(1, 1, -1).expand(batch, 1, _query.shape[0]);
                return _attention!.Forward(query, batchFirst, batchFirst, AttentionMask.OfLengths(texts.Lengths, texts.NumSteps, Device))
                    .Output.squeeze(1);
        }
    }
}
