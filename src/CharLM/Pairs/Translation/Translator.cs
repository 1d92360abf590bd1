using CharLM.Batching;
using CharLM.Models;
using CharLM.Models.Attention;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Pairs.Translation;

/// <summary>
/// An encoder-decoder (Sutskever et al. 2014, Cho et al. 2014): recurrent layers read the source, others write the target, starting
/// from a state derived from the encoder's final state. With attention, the output depends on all outputs of the encoder, queried with
/// the decoder's state after each step (Luong et al. 2015), so that a whole known target takes one pass, or before it (Bahdanau et al.
/// 2015).
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may predict with it at once. One trainer may change it; using the model during a training step
/// or after it is disposed throws. Guard weights yourself if you change them by other means (<c>load_state_dict</c>, <c>to</c>, your own
/// optimizer).
/// </remarks>
internal sealed class Translator : PairModel
{
    private readonly SequenceEncoder _encoder;
    private readonly IRecurrentLayer _decoder;
    private readonly Embedding? _sourceEmbedding, _targetEmbedding;
    private readonly Linear _output;
    private readonly Linear? _hiddenBridge, _cellBridge, _combine;
    private readonly AttentionLayer? _attention;
    private readonly SelfAttention? _encoderAttention;

    /// <summary>A model with fresh weights, drawn from torch's generator.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="sourceSize">Size of the source vocab.</param>
    /// <param name="targetSize">Size of the target vocab.</param>
    /// <param name="threads">Threads of the fused kernels; default 0: one per processor.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    public Translator(TranslatorConfig config, int sourceSize, int targetSize, int threads = 0)
        : base(nameof(Translator), config)
    {
        (Config, SourceSize, TargetSize) = (config, sourceSize, targetSize);
        ModelConfig model = config.Model, decoder = DecoderOf(config);
        int hidden = model.NumHiddens;
        if (model.EmbeddingSize > 0)
        {
            register_module("source_embedding", _sourceEmbedding = Embedding(sourceSize, model.EmbeddingSize));
            register_module("target_embedding", _targetEmbedding = Embedding(targetSize, model.EmbeddingSize));
        }
        register_module("encoder", _encoder = new SequenceEncoder(model, model.InputSize(sourceSize), threads));
        _decoder = RecurrentLayers.Create(decoder, DecoderInput(config, targetSize), threads);
        register_module("decoder", _decoder.Weights);
        if (config.Bridge)
            register_module("hidden_bridge", _hiddenBridge = Linear(model.OutputSize, hidden));
        if (config.Bridge && model.HasCellState)
            register_module("cell_bridge", _cellBridge = Linear(model.CellSize * model.NumDirections, model.CellSize));
        if (config.AttentionKind is { } kind)
        {
            register_module("attention", _attention = AttentionLayer.Create(
                kind, hidden, model.OutputSize, hidden, config.MaxSource));
            if (!config.AttentionBefore)
                register_module("combine", _combine = Linear(hidden + model.OutputSize, hidden));
        }
        if (config.EncoderAttention is { } own)
            register_module("encoder_attention", _encoderAttention = new SelfAttention(own, model.OutputSize, config.MaxSource));
        register_module("output", _output = Linear(hidden, targetSize));
        WeightInitializer.Apply(this, model);
    }

    /// <summary>Size of the source vocab.</summary>
    public int SourceSize { get; }

    /// <summary>Size of the target vocab.</summary>
    public int TargetSize { get; }

    /// <summary>The configuration of the model.</summary>
    public TranslatorConfig Config { get; }

    /// <inheritdoc/>
    public override Device Device => _output.weight.device;

    /// <summary>Encodes sources.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model is being trained at the moment.</exception>
    public EncodedSource Encode(PaddedBatch sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        using ModelAccess.Lease reading = Access.Read();
        return ComputeSource(sources);
    }

    /// <summary>The same for callers that already hold access to the model.</summary>
    /// <inheritdoc cref="Encode"/>
    internal EncodedSource ComputeSource(PaddedBatch sources)
    {
        Tensor vectors = TokenVectors.Of(sources.Ids(Device).t(), _sourceEmbedding, SourceSize, _output.weight.dtype);
        (Tensor outputs, RecurrentState last) = _encoder.Forward(
            functional.dropout(vectors, Config.Model.InputDropout, training), sources.Lengths);
        outputs = _encoderAttention?.Forward(outputs, sources.Lengths) ?? outputs;
        Tensor batchFirst = outputs.transpose(0, 1);                               // [batch, source steps, directions * hidden]
        var state = new RecurrentState(Bridge(last.Hidden, _hiddenBridge), last.Cell is null ? null : Bridge(last.Cell, _cellBridge));
        Tensor? context = Config.StepContext ? Sides(last.Hidden).select(0, Config.Model.NumLayers - 1) : null;
        return _attention is null
            ? new EncodedSource(state, batchFirst, null, null, context)
            : new EncodedSource(state, batchFirst, _attention.Prepare(batchFirst),
                AttentionMask.OfLengths(sources.Lengths, sources.NumSteps, Device), context);
    }

    /// <summary>Runs the decoder over the next steps, given the previous token of each.</summary>
    /// <param name="before">The token before each step, int64 [steps, batch].</param>
    /// <param name="state">The decoder's state before the first step.</param>
    /// <param name="source">The encoded source.</param>
    /// <returns>
    /// The logits of each step's token [steps, batch, vocab], the state after the last step, and the attention weights
    /// [batch, steps, source steps], null without attention.
    /// </returns>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model is being trained at the moment.</exception>
    public (Tensor Logits, RecurrentState State, Tensor? Weights) Decode(Tensor before, RecurrentState state, EncodedSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        using ModelAccess.Lease reading = Access.Read();
        return ComputeTarget(before, state, source);
    }

    /// <summary>The same for callers that already hold access to the model.</summary>
    /// <inheritdoc cref="Decode"/>
    internal (Tensor Logits, RecurrentState State, Tensor? Weights) ComputeTarget(Tensor before, RecurrentState state, EncodedSource source)
    {
        Tensor vectors = functional.dropout(
            TokenVectors.Of(before, _targetEmbedding, TargetSize, _output.weight.dtype), Config.Model.InputDropout, training);
        if (source.Context is { } ofSource)
            vectors = cat([vectors, ofSource.unsqueeze(0).expand(vectors.shape[0], -1, -1)], dim: -1);
        Tensor outputs;                                                            // [steps, batch, hidden]
        Tensor? weights = null;
        if (Config.AttentionBefore)
            (outputs, state, weights) = AttendFirst(vectors, state, source);
        else
            (outputs, state) = _decoder.Sequence(vectors, state);
        if (_attention is not null && !Config.AttentionBefore)
        {
            (Tensor context, weights) = _attention.Attend(outputs.transpose(0, 1), source.Keys!, source.Outputs, source.Mask);
            outputs = _combine!.forward(cat([outputs, context.transpose(0, 1)], dim: -1)).tanh();
        }
        return (_output.forward(functional.dropout(outputs, Config.Model.OutputDropout, training)), state, weights);
    }

    /// <summary>The shape of every weight, by name.</summary>
    internal static IReadOnlyDictionary<string, long[]> Shapes(TranslatorConfig config, int sourceSize, int targetSize)
    {
        ModelConfig model = config.Model, decoder = DecoderOf(config);
        long hidden = model.NumHiddens;
        var shapes = new Dictionary<string, long[]>(StringComparer.Ordinal);
        if (model.EmbeddingSize > 0)
        {
            shapes["source_embedding.weight"] = [sourceSize, model.EmbeddingSize];
            shapes["target_embedding.weight"] = [targetSize, model.EmbeddingSize];
        }
        WeightShapes.AddEncoder(shapes, "encoder", model, model.InputSize(sourceSize));
        WeightShapes.AddStack(shapes, "decoder", decoder, DecoderInput(config, targetSize));
        if (config.Bridge)
            WeightShapes.AddLinear(shapes, "hidden_bridge", model.OutputSize, hidden);
        if (config.Bridge && model.HasCellState)
            WeightShapes.AddLinear(shapes, "cell_bridge", model.CellSize * model.NumDirections, model.CellSize);
        if (config.AttentionKind is { } kind)
        {
            WeightShapes.AddAttention(shapes, "attention", kind, hidden, model.OutputSize, hidden, config.MaxSource);
            if (!config.AttentionBefore)
                WeightShapes.AddLinear(shapes, "combine", hidden + model.OutputSize, hidden);
        }
        if (config.EncoderAttention is { } own)
            SelfAttention.AddShapes(shapes, "encoder_attention", own, model.OutputSize, config.MaxSource);
        WeightShapes.AddLinear(shapes, "output", hidden, targetSize);
        return shapes;
    }

    /// <summary>The decoder's layers: the encoder's, but forward-only and possibly another number.</summary>
    internal static ModelConfig DecoderOf(TranslatorConfig config)
    {
        int layers = config.DecoderLayers ?? config.Model.NumLayers;
        return config.Model with { Bidirectional = false, NumLayers = layers, Dropout = layers == 1 ? 0 : config.Model.Dropout };
    }

    // What the decoder reads at each step: the token before it, the source's context, and what it attends to.
    private static int DecoderInput(TranslatorConfig config, int targetSize) => config.Model.InputSize(targetSize)
        + (config.StepContext ? config.Model.OutputSize : 0) + (config.AttentionBefore ? config.Model.OutputSize : 0);

    // Step by step, since each query is the last layer's state after the step before it.
    private (Tensor Outputs, RecurrentState State, Tensor Weights) AttendFirst(Tensor vectors, RecurrentState state, EncodedSource source)
    {
        var outputs = new List<Tensor>();                                          // [1, batch, hidden]
        var weights = new List<Tensor>();                                          // [batch, 1, source steps]
        for (long step = 0; step < vectors.shape[0]; step++)
        {
            Tensor query = state.Hidden.narrow(0, state.Hidden.shape[0] - 1, 1).transpose(0, 1);
            (Tensor context, Tensor looked) = _attention!.Attend(query, source.Keys!, source.Outputs, source.Mask);
            (Tensor output, state) = _decoder.Sequence(cat([vectors.narrow(0, step, 1), context.transpose(0, 1)], dim: -1), state);
            outputs.Add(output);
            weights.Add(looked);
        }
        return (cat(outputs, dim: 0), state, cat(weights, dim: 1));
    }

    /// <inheritdoc/>
    private protected override void DisposeLayers() => (_decoder as IDisposable)?.Dispose();

    // Concatenates the directions of each layer: [layers * directions, batch, size] -> [layers, batch, directions * size].
    private Tensor Sides(Tensor last)
    {
        ModelConfig model = Config.Model;
        long batch = last.shape[1], size = last.shape[2];
        Tensor sides = last.view(model.NumLayers, model.NumDirections, batch, size).transpose(1, 2);
        return sides.reshape(model.NumLayers, batch, model.NumDirections * size);
    }

    // The decoder's first state, [decoder layers, batch, size], from the encoder's last; both count their layers from the top.
    private Tensor Bridge(Tensor last, Linear? bridge)
    {
        Tensor state = bridge is null ? last : bridge.forward(Sides(last)).tanh();
        int layers = Config.Model.NumLayers, decoder = Config.DecoderLayers ?? layers;
        return decoder == layers ? state : state.index_select(
            0, tensor([.. Enumerable.Range(0, decoder).Select(layer => Math.Max(0L, layers - decoder + layer))], device: state.device));
    }
}

/// <summary>What a decoder sees of a source besides the encoder's final state.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum SourceAttention
{
    /// <summary>Nothing: the whole source has to fit into that state (Sutskever et al. 2014).</summary>
    None,

    /// <summary>All outputs of the encoder, through <see cref="AttentionKind.Additive"/> attention.</summary>
    Additive,

    /// <summary>All outputs of the encoder, through <see cref="AttentionKind.Dot"/> attention.</summary>
    Dot,

    /// <summary>All outputs of the encoder, through <see cref="AttentionKind.Cosine"/> attention.</summary>
    Cosine,

    /// <summary>All outputs of the encoder, through <see cref="AttentionKind.General"/> attention.</summary>
    General,

    /// <summary>All outputs of the encoder, by their places, through <see cref="AttentionKind.Concat"/> attention.</summary>
    Concat,
}

/// <summary>The encoded sources that a decoder works from.</summary>
/// <remarks>Thread safety: any number of threads may read its tensors.</remarks>
/// <param name="State">The decoder's initial state.</param>
/// <param name="Outputs">The encoder's outputs [batch, source steps, size].</param>
/// <param name="Keys">The outputs, prepared as attention keys; null without attention.</param>
/// <param name="Mask">True for real source steps, bool [batch, 1, source steps]; null without attention.</param>
/// <param name="Context">What the decoder reads at every step beside its input, [batch, size]; null for nothing.</param>
internal sealed record EncodedSource(RecurrentState State, Tensor Outputs, Tensor? Keys, Tensor? Mask, Tensor? Context)
{
    /// <summary>Selects rows, in any order and number.</summary>
    /// <param name="rows">The indices, int64.</param>
    public EncodedSource Select(Tensor rows) => new(
        SelectState(State, rows), Outputs.index_select(0, rows), Keys?.index_select(0, rows), Mask?.index_select(0, rows),
        Context?.index_select(0, rows));

    /// <summary>Selects rows of a state.</summary>
    /// <inheritdoc cref="Select"/>
    public static RecurrentState SelectState(RecurrentState state, Tensor rows)
    {
        ArgumentNullException.ThrowIfNull(state);
        return new RecurrentState(state.Hidden.index_select(1, rows), state.Cell?.index_select(1, rows));
    }
}
