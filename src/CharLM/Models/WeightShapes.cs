using CharLM.Models.Attention;

namespace CharLM.Models;

/// <summary>The names and shapes of a model's weights, known without building it.</summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal static class WeightShapes
{
    /// <summary>The shape of every weight of a <see cref="LanguageModel"/>, by name.</summary>
    public static IReadOnlyDictionary<string, long[]> Of(ModelConfig config, int vocabSize)
    {
        ArgumentNullException.ThrowIfNull(config);
        var shapes = new Dictionary<string, long[]>(StringComparer.Ordinal);
        if (config.EmbeddingSize > 0)
            shapes["embedding.weight"] = [vocabSize, config.EmbeddingSize];
        AddStack(shapes, "rnn", config, config.InputSize(vocabSize));
        if (config.Attention is { } attention)
            PastAttention.AddShapes(shapes, "attention", attention, config.EffectiveAttentionWindow, config.NumHiddens);
        if (!config.TieWeights)
            shapes["linear.weight"] = [vocabSize, config.OutputSize];
        shapes["linear.bias"] = [vocabSize];
        return shapes;
    }

    /// <summary>Names and shapes of the recurrent layers' weights, in the order of initialization.</summary>
    /// <param name="config">Cell, layers, directions, hidden units.</param>
    /// <param name="inputSize">Width of the input.</param>
    internal static IEnumerable<(string Name, long[] Shape)> OfRecurrent(ModelConfig config, int inputSize)
    {
        long hidden = config.NumHiddens, rows = hidden * CellGates.Of(config.Cell, config.Variant).Count;
        for (int layer = 0; layer < config.NumLayers; layer++)
        {
            int columns = layer == 0 ? inputSize : config.OutputSize;
            foreach (string place in config.PlacesOfLayer(layer))
            {
                if (config.Cell == CellKind.Own)
                {
                    foreach ((string name, long[] shape) in RecurrentCells.Get(config.OwnCell!).ShapesAt(columns, config.NumHiddens))
                        yield return ($"{name}_{place}", shape);
                    continue;
                }
                yield return ($"weight_ih_{place}", [rows, columns]);
                // The gates of a minimal cell do not see the hidden state.
                if (config.Variant != CellVariant.Minimal)
                    yield return ($"weight_hh_{place}", [rows, hidden]);
                yield return ($"bias_ih_{place}", [rows]);
                if (config.Variant != CellVariant.Minimal && config.Cell != CellKind.Esn)
                    yield return ($"bias_hh_{place}", [rows]);
                if (config.Variant == CellVariant.Peephole)
                {
                    yield return ($"weight_ci_{place}", [hidden]);
                    yield return ($"weight_cf_{place}", [hidden]);
                    yield return ($"weight_co_{place}", [hidden]);
                }
            }
        }
    }

    /// <summary>Adds the weights of recurrent layers.</summary>
    /// <param name="shapes">Receives them.</param>
    /// <param name="module">The prefix of their names.</param>
    /// <param name="config">Cell, layers, directions, hidden units.</param>
    /// <param name="inputSize">Width of the input.</param>
    internal static void AddStack(IDictionary<string, long[]> shapes, string module, ModelConfig config, int inputSize)
    {
        foreach ((string name, long[] shape) in OfRecurrent(config, inputSize))
            shapes[$"{module}.{name}"] = shape;
    }

    /// <summary>Adds the weights of a <see cref="SequenceEncoder"/>.</summary>
    /// <inheritdoc cref="AddStack"/>
    internal static void AddEncoder(IDictionary<string, long[]> shapes, string module, ModelConfig config, int inputSize)
    {
        ModelConfig one = SequenceEncoder.OneLayer(config);
        for (int layer = 0; layer < config.NumLayers; layer++)
        {
            foreach (string place in config.PlacesOfLayer(layer))
                AddStack(shapes, $"{module}.{place}", one, layer == 0 ? inputSize : config.OutputSize);
        }
    }

    /// <summary>Adds the weights of a linear layer.</summary>
    internal static void AddLinear(IDictionary<string, long[]> shapes, string module, long input, long output, bool bias = true)
    {
        shapes[$"{module}.weight"] = [output, input];
        if (bias)
            shapes[$"{module}.bias"] = [output];
    }

    /// <summary>Adds the weights of an attention layer; the parameters are those of <see cref="AttentionLayer.Create"/>.</summary>
    internal static void AddAttention(
        IDictionary<string, long[]> shapes, string module, AttentionKind kind, long querySize, long keySize, long numHiddens, long places)
    {
        switch (kind)
        {
            case AttentionKind.Additive:
                AddLinear(shapes, $"{module}.W_q", querySize, numHiddens, bias: false);
                AddLinear(shapes, $"{module}.W_k", keySize, numHiddens, bias: false);
                AddLinear(shapes, $"{module}.w_v", numHiddens, 1, bias: false);
                break;
            case AttentionKind.Concat:
                AddLinear(shapes, $"{module}.attn", querySize + keySize, places);
                break;
            default:
                if (kind == AttentionKind.General || keySize != querySize)
                    AddLinear(shapes, $"{module}.W_k", keySize, querySize, bias: false);
                if (kind == AttentionKind.Cosine)
                    shapes[$"{module}.log_strength"] = [1];
                break;
        }
    }
}

/// <summary>The gates of each cell, including candidate values, in the order in which their weights are stacked.</summary>
internal static class CellGates
{
    /// <summary>The name of an LSTM's forget gate.</summary>
    public const string Forget = "forget";

    /// <summary>The gates of a cell.</summary>
    public static IReadOnlyList<string> Of(CellKind cell, CellVariant variant) => (cell, variant) switch
    {
        (CellKind.Rnn or CellKind.Esn, _) => ["hidden"],
        (CellKind.Gru, CellVariant.Minimal or CellVariant.UpdateGateOnly) => ["update", "candidate"],
        (CellKind.Gru, CellVariant.ResetGateOnly) => ["reset", "candidate"],
        (CellKind.Gru, _) => ["reset", "update", "candidate"],
        (CellKind.Lstm, CellVariant.Minimal) => ["input", Forget, "candidate"],
        (CellKind.Lstm, CellVariant.NoForgetGate or CellVariant.CoupledGates) => ["input", "candidate", "output"],
        (CellKind.Lstm, _) => ["input", Forget, "candidate", "output"],
        (CellKind.Own, _) => [],
        _ => throw new ArgumentOutOfRangeException(nameof(cell), cell, "not a cell"),
    };

    /// <summary>Whether a cell has a variant.</summary>
    public static bool Has(CellKind cell, CellVariant variant) => variant switch
    {
        CellVariant.Standard => true,
        CellVariant.Minimal => cell is CellKind.Gru or CellKind.Lstm,
        CellVariant.ResetGateOnly or CellVariant.UpdateGateOnly => cell == CellKind.Gru,
        _ => cell == CellKind.Lstm,
    };

    /// <summary>The cells that have a variant, in words.</summary>
    public static string CellsWith(CellVariant variant) => (Has(CellKind.Gru, variant), Has(CellKind.Lstm, variant)) switch
    {
        (true, true) => "the gru and lstm cells",
        (true, _) => "the gru cell",
        _ => "the lstm cell",
    };
}
