using CharLM.Models.Attention;
using CharLM.Models.Fused;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Models;

/// <summary>
/// A recurrent language model: token ids become vectors (one-hot or learned), pass the recurrent layers, and a linear
/// output layer gives the logits of the next token. It is a TorchSharp module from token ids [batch, num_steps] to logits
/// [batch, num_steps, vocab], each row starting from a zero state.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once. One trainer may change it; using the model during a training step or
/// after it is disposed throws. If you change weights by other means (<c>load_state_dict</c>, <c>to</c>, an optimizer of your own), see to
/// it that no other thread uses the model meanwhile.
/// </remarks>
public sealed class LanguageModel : Module<Tensor, Tensor>, ITorchModel, IFusedModel
{
    private readonly IRecurrentLayer _recurrent;
    private readonly PastAttention? _attention;
    private readonly OutputLayer _output;
    private readonly Embedding? _embedding;
    private readonly Lock _fusing = new();
    private (FusedRuntime Runtime, RawWeights Weights)? _fused;

    /// <summary>Creates a model with new weights, drawn from torch's generator.</summary>
    /// <param name="config">Cell, sizes and initial weights.</param>
    /// <param name="vocabSize">Number of tokens in the vocab, 1 or more.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    public LanguageModel(ModelConfig config, int vocabSize)
        : this(config, vocabSize, drawsReservoirs: true)
    {
    }

    /// <summary>Creates a model, without drawing reservoirs if their weights are set afterwards.</summary>
    /// <inheritdoc cref="LanguageModel(ModelConfig, int)"/>
    internal LanguageModel(ModelConfig config, int vocabSize, bool drawsReservoirs)
        : base(nameof(LanguageModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabSize);
        config.Validate();
        (Config, VocabSize, Access) = (config.Resolved(), vocabSize, new ModuleAccess(this));

        // The book's RNNModel has the same names, so that a state dict loads unchanged.
        if (config.EmbeddingSize > 0)
            register_module("embedding", _embedding = Embedding(vocabSize, config.EmbeddingSize));
        _recurrent = RecurrentLayers.Create(config, config.InputSize(vocabSize));
        register_module("rnn", _recurrent.Weights);
        if (config.Attention is { } attention)
            register_module("attention", _attention = new PastAttention(attention, config.EffectiveAttentionWindow, config.NumHiddens));
        register_module("linear", _output = new OutputLayer(config.OutputSize, vocabSize, config.TieWeights));
        WeightInitializer.Apply(this, config, drawsReservoirs);
    }

    /// <summary>The configuration, with the form of a GRU made explicit.</summary>
    public ModelConfig Config { get; }

    /// <summary>Number of tokens in the vocab.</summary>
    public int VocabSize { get; }

    /// <inheritdoc/>
    public bool ReadsAhead => Config.Bidirectional;

    /// <summary>The device of the weights.</summary>
    public Device Device => _output.Bias.device;

    /// <summary>
    /// Threads of the fused kernels, 0 or more; set it before the model is first used. Default 0: the number that measures fastest. Other
    /// implementations use torch's threads.
    /// </summary>
    public int Threads
    {
        get;
        set
        {
            field = value;
            if (_recurrent is FusedLayer layer)
                layer.Threads = value;
        }
    }

    /// <summary>The number of values in all weights, including frozen ones.</summary>
    public long NumParameters => parameters().Sum(parameter => parameter.numel());

    /// <summary>The state before the first token.</summary>
    /// <param name="batchSize">Rows, 1 or more.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model is being trained.</exception>
    public RecurrentState BeginState(long batchSize)
    {
        using ModelAccess.Lease reading = Access.Read();
        return ZeroState(batchSize);
    }

    /// <summary>Reads rows from a zero state. TorchSharp's <c>call</c> does the same and also runs the module's hooks.</summary>
    /// <param name="input">Token ids, int64 [batch, num_steps].</param>
    /// <returns>The logits of each next token, [batch, num_steps, vocab].</returns>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model is being trained.</exception>
    public override Tensor forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.dim() != 2)
            throw new ArgumentException($"token ids are [batch, num_steps], not [{string.Join(", ", input.shape)}]", nameof(input));
        using ModelAccess.Lease reading = Access.Read();
        using RecurrentState begin = ZeroState(input.size(0));
        (Tensor logits, RecurrentState end) = Compute(input, begin);
        end.Dispose();
        return logits.view(input.size(1), input.size(0), VocabSize).transpose(0, 1);
    }

    /// <summary>Reads a minibatch.</summary>
    /// <param name="inputs">Token ids, int64 [batch, num_steps].</param>
    /// <param name="state">The state before the first step.</param>
    /// <returns>
    /// The logits of each next token, step by step, [num_steps * batch, vocab], and the state after the last step.
    /// </returns>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model is being trained.</exception>
    public (Tensor Logits, RecurrentState State) forward(Tensor inputs, RecurrentState state)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(state);
        using ModelAccess.Lease reading = Access.Read();
        return Compute(inputs, state);
    }

    /// <summary>The same for callers that already hold a lease on the model.</summary>
    /// <inheritdoc cref="BeginState"/>
    internal RecurrentState ZeroState(long batchSize) => _recurrent.ZeroState(batchSize);

    /// <summary>The same for callers that already hold a lease on the model.</summary>
    /// <inheritdoc cref="forward(Tensor, RecurrentState)"/>
    internal (Tensor Logits, RecurrentState State) Compute(Tensor inputs, RecurrentState state)
    {
        (Tensor hiddens, RecurrentState after) = ComputeHiddens(inputs, state);
        return (ComputeLogits(hiddens), after);
    }

    /// <summary>What the output layer reads, for callers that already hold a lease on the model: [num_steps * batch, output].</summary>
    internal (Tensor Hiddens, RecurrentState State) ComputeHiddens(Tensor inputs, RecurrentState state)
    {
        Tensor vectors = SequenceDropout.Of(
            TokenVectors.Of(inputs.t(), _embedding, VocabSize, _output.Bias.dtype), Config.InputDropout, training, Config.LockedDropout);
        (Tensor outputs, RecurrentState after) = _recurrent.Sequence(vectors, state);  // [num_steps, batch, directions * hidden]
        if (_attention is not null)
        {
            (outputs, Tensor memory) = _attention.Forward(
                outputs, state.Memory ?? throw new ArgumentException("a model with attention needs the states before", nameof(state)));
            after = after with { Memory = memory };
        }
        outputs = SequenceDropout.Of(outputs, Config.OutputDropout, training, Config.LockedDropout);
        return (outputs.reshape(-1, Config.OutputSize), after);
    }

    /// <summary>The output layer alone, for callers that already hold a lease on the model.</summary>
    internal Tensor ComputeLogits(Tensor hiddens) => _output.Forward(hiddens, _embedding?.weight);

    /// <summary>Sets the output layer, which is not tied, for callers that already hold a lease to change the model.</summary>
    /// <param name="weight">[vocab, output].</param>
    /// <param name="bias">[vocab].</param>
    internal void SetOutput(Tensor weight, Tensor bias)
    {
        using IDisposable unrecorded = no_grad();
        _output.get_parameter("weight")!.copy_(weight);
        _output.Bias.copy_(bias);
    }

    /// <summary>
    /// Creates a predictor, which reads text without gradients, with the fastest implementation for this model; the caller disposes it. If
    /// torch computes the model, it is in evaluation mode until its last predictor is disposed; then its previous mode returns.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model is being trained.</exception>
    public IPredictor Predictor() => UsesKernels ? new FusedPredictor(this) : new TorchPredictor(this);

    /// <summary>Flattens targets into the order of the logits of <see cref="forward(Tensor, RecurrentState)"/>.</summary>
    /// <param name="targets">Token ids [batch, num_steps].</param>
    /// <returns>[num_steps * batch].</returns>
    public static Tensor StepByStep(Tensor targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        return targets.t().reshape(-1);
    }

    /// <summary>Whether the kernels compute the whole model.</summary>
    internal bool UsesKernels => Config.Implementation == Implementation.Fused && _attention is null;

    /// <summary>The kernels' buffers and weights for this model, created on first use.</summary>
    internal FusedRuntime Fused
    {
        get
        {
            lock (_fusing)
            {
                // Moving a module to another type or device replaces its parameters and their memory.
                if (_fused is { } old && !old.Weights.AreThoseOf(this))
                {
                    old.Runtime.Dispose();
                    _fused = null;
                }
                if (_fused is null)
                {
                    var weights = new RawWeights(this);
                    _fused = (new FusedRuntime(weights, Threads), weights);
                }
                return _fused.Value.Runtime;
            }
        }
    }

    /// <summary>The kernels' weights, with their gradients.</summary>
    internal RawWeights TrainedWeights => (RawWeights)Fused.Weights;

    /// <inheritdoc/>
    FusedRuntime IFusedModel.Fused => Fused;

    /// <inheritdoc/>
    ModelAccess IFusedModel.Access => Access;

    /// <inheritdoc/>
    ModelAccess IAccessedModel.Access => Access;

    /// <inheritdoc/>
    Module ITorchModel.Module => this;

    /// <inheritdoc/>
    bool ITorchModel.Drops => Config.Drops || Config.Cell == CellKind.Own;

    /// <inheritdoc/>
    object ITorchModel.ZeroState(long rows) => ZeroState(rows);

    /// <inheritdoc/>
    (Tensor Logits, object State) ITorchModel.Compute(Tensor ids, object state) => Compute(ids, (RecurrentState)state);

    /// <inheritdoc/>
    object ITorchModel.Map(object state, Func<Tensor, Tensor> change) => ((RecurrentState)state).Map(change);

    /// <inheritdoc/>
    object ITorchModel.Select(object state, Tensor rows) => ((RecurrentState)state).Map(tensor => tensor.index_select(1, rows));

    /// <summary>Tracks who is using the model.</summary>
    internal ModelAccess Access { get; }

    /// <summary>Frees the weights once running calls have ended; later calls throw. A second call does nothing.</summary>
    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (!Access.Close())
                return;
            _fused?.Runtime.Dispose();
            (_recurrent as IDisposable)?.Dispose();
        }
        base.Dispose(disposing);
    }
}

/// <summary>The output layer: logits = H W^T + b, where W is its own weight or the token embedding.</summary>
internal sealed class OutputLayer : Module
{
    private readonly bool _tied;

    /// <summary>Creates a layer with torch.nn.Linear's initial values.</summary>
    /// <param name="inputSize">Width of the input.</param>
    /// <param name="vocabSize">Number of tokens in the vocab.</param>
    /// <param name="tied">Whether the weight is the token embedding, which the embedding layer owns.</param>
    public OutputLayer(int inputSize, int vocabSize, bool tied)
        : base("linear")
    {
        _tied = tied;
        double bound = 1 / Math.Sqrt(inputSize);
        if (!tied)
            register_parameter("weight", new Parameter(init.uniform_(empty(vocabSize, inputSize), -bound, bound)));
        register_parameter("bias", new Parameter(init.uniform_(empty(vocabSize), -bound, bound)));
    }

    /// <summary>The bias, [vocab].</summary>
    public Parameter Bias => get_parameter("bias")!;

    /// <summary>Computes the logits.</summary>
    /// <param name="input">[rows, input].</param>
    /// <param name="vectors">The token embedding, [vocab, input]; used if the layer is tied.</param>
    /// <returns>[rows, vocab].</returns>
    public Tensor Forward(Tensor input, Tensor? vectors) => functional.linear(input, _tied ? vectors! : get_parameter("weight")!, Bias);
}

/// <summary>Turns token ids into the input of recurrent layers: learned or one-hot vectors.</summary>
internal static class TokenVectors
{
    /// <summary>Returns the vectors of tokens.</summary>
    /// <param name="ids">int64, of any shape.</param>
    /// <param name="embedding">The learned vectors; null for one-hot vectors.</param>
    /// <param name="vocabSize">Number of tokens in the vocab.</param>
    /// <param name="type">The type of one-hot vectors.</param>
    /// <returns>[..., input].</returns>
    public static Tensor Of(Tensor ids, Embedding? embedding, int vocabSize, ScalarType type) => embedding is not null
        ? embedding.forward(ids)
        : nn.functional.one_hot(ids, vocabSize).to_type(type);
}
