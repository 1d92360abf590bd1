using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Models;

/// <summary>
/// A stack of recurrent layers over whole sequences of different lengths, in one direction or both: the encoder of classifiers and
/// translators. A row's result depends neither on padding nor on other rows (<see cref="VariableLengths"/>).
/// </summary>
/// <remarks>
/// <para>
/// Each direction of each layer is a one-layer stack under PyTorch's name: l0, l0_reverse, l1. This lets the kernels, which only
/// read forwards, serve both directions: the backward one reads reversed rows.
/// </para>
/// <para>Thread safety: any number of threads may use it at once, each in its own dispose scope, while no one changes its
/// weights.</para>
/// </remarks>
internal sealed class SequenceEncoder : Module
{
    private readonly ModelConfig _config;
    private readonly Dictionary<string, IRecurrentLayer> _layers = new(StringComparer.Ordinal);

    /// <summary>An encoder with the implementation's initial weights.</summary>
    /// <param name="config">Cell, layers, directions, hidden units, dropout between layers.</param>
    /// <param name="inputSize">Width of the input.</param>
    /// <param name="threads">Threads of the fused kernels; default 0: one per processor.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    public SequenceEncoder(ModelConfig config, int inputSize, int threads = 0)
        : base(nameof(SequenceEncoder))
    {
        ArgumentNullException.ThrowIfNull(config);
        InvalidConfigException.ThrowIfAny(Errors(config));
        _config = config;
        ModelConfig one = OneLayer(config);
        for (int layer = 0; layer < config.NumLayers; layer++)
        {
            foreach (string place in config.PlacesOfLayer(layer))
            {
                IRecurrentLayer created = RecurrentLayers.Create(one, layer == 0 ? inputSize : config.OutputSize, threads);
                _layers[place] = created;
                register_module(place, created.Weights);
            }
        }
    }

    /// <summary>Every error of a configuration for an encoder, which may read in both directions.</summary>
    public static IEnumerable<string> Errors(ModelConfig config)
    {
        foreach (string error in (config with { Bidirectional = false }).Errors())
            yield return error;
        if (config.Cell == CellKind.Esn)
            yield return "the esn cell is for language models";
        if (config.TieWeights)
            yield return "tie-weights is for language models";
        if (config.LockedDropout)
            yield return "locked-dropout is for language models";
        if (config.WeightDropout > 0)
            yield return "weight-dropout is for language models";
        if (config.Attention is not null)
            yield return "attention over its own past is for language models";
    }

    /// <summary>Reads sequences.</summary>
    /// <param name="inputs">[num_steps, batch, input].</param>
    /// <param name="lengths">Real steps of each row, 1 to num_steps.</param>
    /// <returns>
    /// The last layer's hidden states [num_steps, batch, directions * hidden], zero past a row's length, and the final state of each
    /// layer and direction: after the last real step forwards, after the first backwards.
    /// </returns>
    /// <exception cref="ArgumentException">A length is outside its range.</exception>
    public (Tensor Outputs, RecurrentState State) Forward(Tensor inputs, ReadOnlySpan<long> lengths)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var hidden = new List<Tensor>();
        var cell = new List<Tensor>();
        Tensor outputs = inputs;
        for (int layer = 0; layer < _config.NumLayers; layer++)
        {
            if (layer > 0)
                outputs = functional.dropout(outputs, _config.Dropout, training);
            var directions = new List<Tensor>();
            foreach (string place in _config.PlacesOfLayer(layer))
            {
                bool backward = directions.Count == 1;
                (Tensor read, RecurrentState last) = Read(_layers[place], outputs, lengths, backward);
                directions.Add(read);
                hidden.Add(last.Hidden);
                if (last.Cell is not null)
                    cell.Add(last.Cell);
            }
            outputs = directions.Count == 1 ? directions[0] : cat(directions, dim: -1);
        }
        return (outputs, new RecurrentState(cat(hidden, dim: 0), cell.Count == 0 ? null : cat(cell, dim: 0)));
    }

    /// <summary>The configuration of one direction of one layer.</summary>
    internal static ModelConfig OneLayer(ModelConfig config) => config with { NumLayers = 1, Bidirectional = false, Dropout = 0 };

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (IRecurrentLayer layer in _layers.Values)
                (layer as IDisposable)?.Dispose();
        }
        base.Dispose(disposing);
    }

    private static (Tensor Outputs, RecurrentState Last) Read(
        IRecurrentLayer layer, Tensor inputs, ReadOnlySpan<long> lengths, bool backward)
    {
        RecurrentState zero = layer.ZeroState(inputs.shape[1]);
        if (!backward)
            return VariableLengths.Sequence(layer, inputs, zero, lengths);
        (Tensor outputs, RecurrentState last) = VariableLengths.Sequence(layer, VariableLengths.Reverse(inputs, lengths), zero, lengths);
        return (VariableLengths.Reverse(outputs, lengths), last);
    }
}
