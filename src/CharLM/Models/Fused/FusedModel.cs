using CharLM.Models.Fused.Quantized;

namespace CharLM.Models.Fused;

/// <summary>A model from a file, to predict with: the kernels read the file's weights, and torch is not loaded.</summary>
/// <remarks>Thread safety: any number of threads may predict with it at once; using it after it is disposed throws.</remarks>
internal sealed class FusedModel : IFusedModel
{
    private readonly Lazy<FusedRuntime> _fused;
    private readonly Lazy<QuantizedNetwork>? _quantized;

    /// <summary>A model.</summary>
    /// <param name="config">Cell and sizes, which the kernels can compute (<see cref="Computes"/>).</param>
    /// <param name="vocabSize">Number of tokens in the vocab.</param>
    /// <param name="weights">PyTorch's names, shapes, and values, which must not change while the model is in use.</param>
    /// <param name="threads">Threads; 0: chosen by measuring.</param>
    /// <param name="bits">How many bits each weight has; default all.</param>
    public FusedModel(
        ModelConfig config, int vocabSize, IEnumerable<(string Name, IReadOnlyList<long> Shape, float[] Values)> weights, int threads,
        WeightBits bits = WeightBits.Full)
    {
        (Config, VocabSize, Access) = (config.Resolved(), vocabSize, new ModelAccess(this));
        _fused = new Lazy<FusedRuntime>(() => new FusedRuntime(new StoredWeights(weights), threads));
        if (bits != WeightBits.Full)
            _quantized = new Lazy<QuantizedNetwork>(() => new QuantizedNetwork(Config, vocabSize, Fused.Weights, bits));
    }

    /// <inheritdoc/>
    public ModelConfig Config { get; }

    /// <inheritdoc/>
    public int VocabSize { get; }

    /// <inheritdoc/>
    public ModelAccess Access { get; }

    /// <inheritdoc/>
    public FusedRuntime Fused => _fused.Value;

    /// <summary>The integer weights, rounded on first use.</summary>
    public QuantizedNetwork Quantized => _quantized!.Value;

    /// <summary>Whether the kernels compute a model of this configuration as a whole, whichever implementation it names.</summary>
    public static bool Computes(ModelConfig config) =>
        config.Attention is null && !(config with { Implementation = Implementation.Fused }).Errors().Any();

    /// <inheritdoc/>
    public IPredictor Predictor() => _quantized is null ? new FusedPredictor(this) : new QuantizedPredictor(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!Access.Close())
            return;
        if (_quantized is { IsValueCreated: true })
            _quantized.Value.Dispose();
        if (_fused.IsValueCreated)
            _fused.Value.Dispose();
    }
}
