using CharLM.Models.Attention;
using CharLM.Models.Fused;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch.nn;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>
/// A recurrent language model: token ids become vectors (one-hot or learned), pass the recurrent layers, and a linear
/// output layer gives the logits of the next token. It is a TorchSharp module from token ids [batch, num_steps] to logits
/// [batch, num_steps, vocab], each row read from its beginning.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once. One trainer may change it; who reads while a step is learned, and who
/// uses it after it is disposed, gets an exception. Weights that are changed by other means (<c>load_state_dict</c>, <c>to</c>, an
/// optimizer of your own) are yours to guard.
/// </remarks>
public sealed class LanguageModel : Module<Tensor, Tensor>, ITorchModel
{
    private readonly IRecurrentLayer _recurrent;
    private readonly PastAttention? _attention;
    private readonly OutputLayer _output;
    private readonly Embedding? _embedding;
    private readonly Lock _fusing = new();
    private FusedRuntime? _fused;

    /// <summary>A model with fresh weights, drawn from torch's generator.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="vocabSize">Tokens of the vocab, 1 or more.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    public LanguageModel(ModelConfig config, int vocabSize)
        : base(nameof(LanguageModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabSize);
        config.Validate();
        (Config, VocabSize, Access) = (config.Resolved(), vocabSize, new ModelAccess(this));

        // The names are those of the book's RNNModel, so that a state dict moves over unchanged.
        if (config.EmbeddingSize > 0)
            register_module("embedding", _embedding = Embedding(vocabSize, config.EmbeddingSize));
        _recurrent = RecurrentLayers.Create(config, config.InputSize(vocabSize));
        register_module("rnn", _recurrent.Weights);
        if (config.Attention is { } attention)
            register_module("attention", _attention = new PastAttention(attention, config.EffectiveAttentionWindow, config.NumHiddens));
        register_module("linear", _output = new OutputLayer(config.OutputSize, vocabSize, config.TieWeights));
        WeightInitializer.Apply(this, config);
    }

    /// <summary>What the model is made of; the form of a GRU is written out.</summary>
    public ModelConfig Config { get; }

    /// <summary>Tokens of the vocab.</summary>
    public int VocabSize { get; }

    /// <inheritdoc/>
    public bool ReadsAhead => Config.Bidirectional;

    /// <summary>Where the weights live.</summary>
    public Device Device => _output.Bias.device;

    /// <summary>
    /// Threads of the fused kernels; default 0: as many as measure faster. Read when they start; other implementations use
    /// torch's.
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

    /// <summary>The number of values in all weights, frozen ones included.</summary>
    public long NumParameters => parameters().Sum(parameter => parameter.numel());

    /// <summary>The state before the first token.</summary>
    /// <param name="batchSize">Rows, 1 or more.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model learns just now.</exception>
    public RecurrentState BeginState(long batchSize)
    {
        using ModelAccess.Lease reading = Access.Read();
        return ZeroState(batchSize);
    }

    /// <summary>Reads rows from their beginning: what <c>call</c> does, between its hooks.</summary>
    /// <param name="input">Token ids, int64 [batch, num_steps].</param>
    /// <returns>The logits of each next token, [batch, num_steps, vocab].</returns>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model learns just now.</exception>
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
    /// <exception cref="InvalidOperationException">The model learns just now.</exception>
    public (Tensor Logits, RecurrentState State) forward(Tensor inputs, RecurrentState state)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(state);
        using ModelAccess.Lease reading = Access.Read();
        return Compute(inputs, state);
    }

    /// <summary>The same for those who have their part in the use of the model already.</summary>
    /// <inheritdoc cref="BeginState"/>
    internal RecurrentState ZeroState(long batchSize) => _recurrent.ZeroState(batchSize);

    /// <summary>The same for those who have their part in the use of the model already.</summary>
    /// <inheritdoc cref="forward(Tensor, RecurrentState)"/>
    internal (Tensor Logits, RecurrentState State) Compute(Tensor inputs, RecurrentState state)
    {
        Tensor vectors = functional.dropout(
            TokenVectors.Of(inputs.t(), _embedding, VocabSize, _output.Bias.dtype), Config.InputDropout, training);
        (Tensor outputs, RecurrentState after) = _recurrent.Sequence(vectors, state);  // [num_steps, batch, directions * hidden]
        if (_attention is not null)
        {
            (outputs, Tensor memory) = _attention.Forward(
                outputs, state.Memory ?? throw new ArgumentException("a model with attention needs the states before", nameof(state)));
            after = after with { Memory = memory };
        }
        outputs = functional.dropout(outputs, Config.OutputDropout, training);
        return (_output.Forward(outputs.reshape(-1, Config.OutputSize), _embedding?.weight), after);
    }

    /// <summary>
    /// Reads text without gradients, by whatever computes this model best. Where that is torch, the model is in evaluation mode until
    /// the last of its predictors is disposed, and then again in the mode that the first one found.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model learns just now.</exception>
    public IPredictor Predictor() => UsesKernels ? new FusedPredictor(this) : new TorchPredictor(this);

    /// <summary>The targets of a minibatch in the order of <see cref="forward(Tensor, RecurrentState)"/>'s logits.</summary>
    /// <param name="targets">Token ids [batch, num_steps].</param>
    /// <returns>[num_steps * batch].</returns>
    public static Tensor StepByStep(Tensor targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        return targets.t().reshape(-1);
    }

    /// <summary>Whether the kernels compute this model as a whole.</summary>
    internal bool UsesKernels => Config.Implementation == Implementation.Fused && _attention is null;

    /// <summary>What the kernels keep for this model; made when it is first asked for.</summary>
    internal FusedRuntime Fused
    {
        get
        {
            lock (_fusing)
            {
                // Moving a module to another type or device replaces its parameters, and with them their memory.
                if (_fused is not null && !_fused.Weights.AreThoseOf(this))
                {
                    _fused.Dispose();
                    _fused = null;
                }
                return _fused ??= new FusedRuntime(this, Threads);
            }
        }
    }

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

    /// <summary>Who uses the model just now.</summary>
    internal ModelAccess Access { get; }

    /// <summary>Frees the weights, after calls that go on; later ones throw. The second time does nothing.</summary>
    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (!Access.Close())
                return;
            _fused?.Dispose();
            (_recurrent as IDisposable)?.Dispose();
        }
        base.Dispose(disposing);
    }
}

/// <summary>The output layer: logits = H W^T + b, with a weight of its own or the tokens' vectors as weight.</summary>
internal sealed class OutputLayer : Module
{
    private readonly bool _tied;

    /// <summary>A layer with torch.nn.Linear's initial values.</summary>
    /// <param name="inputSize">Width of the input.</param>
    /// <param name="vocabSize">Tokens of the vocab.</param>
    /// <param name="tied">Whether the weight is the tokens' vectors, which stay the embedding's.</param>
    public OutputLayer(int inputSize, int vocabSize, bool tied)
        : base("linear")
    {
        _tied = tied;
        double bound = 1 / Math.Sqrt(inputSize);
        if (!tied)
            register_parameter("weight", new Parameter(init.uniform_(empty(vocabSize, inputSize), -bound, bound)));
        register_parameter("bias", new Parameter(init.uniform_(empty(vocabSize), -bound, bound)));
    }

    /// <summary>[vocab].</summary>
    public Parameter Bias => get_parameter("bias")!;

    /// <summary>The logits.</summary>
    /// <param name="input">[rows, input].</param>
    /// <param name="vectors">The tokens' vectors [vocab, input]; used when the layer is tied.</param>
    /// <returns>[rows, vocab].</returns>
    public Tensor Forward(Tensor input, Tensor? vectors) => functional.linear(input, _tied ? vectors! : get_parameter("weight")!, Bias);
}

/// <summary>Token ids as what recurrent layers read: learned vectors, or one-hot ones.</summary>
internal static class TokenVectors
{
    /// <summary>The vectors of tokens.</summary>
    /// <param name="ids">int64, of any shape.</param>
    /// <param name="embedding">The learned vectors; null for one-hot ones.</param>
    /// <param name="vocabSize">Tokens of the vocab.</param>
    /// <param name="type">The type of one-hot vectors.</param>
    /// <returns>[..., input].</returns>
    public static Tensor Of(Tensor ids, Embedding? embedding, int vocabSize, ScalarType type) => embedding is not null
        ? embedding.forward(ids)
        : nn.functional.one_hot(ids, vocabSize).to_type(type);
}
