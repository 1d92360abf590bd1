using CharLM.Models.Attention;

namespace CharLM.Models;

/// <summary>The names and shapes of a model's weights, known without building it.</summary>
public static class WeightShapes
{
    /// <summary>Name to shape, for every weight of <see cref="LanguageModel"/>.</summary>
    public static IReadOnlyDictionary<string, long[]> Of(ModelConfig config, int vocabSize)
    {
        ArgumentNullException.ThrowIfNull(config);
        var shapes = new Dictionary<string, long[]>(StringComparer.Ordinal);
        if (config.EmbeddingSize > 0)
            shapes["embedding.weight"] = [vocabSize, config.EmbeddingSize];
        foreach ((string name, long[] shape) in OfRecurrent(config, config.InputSize(vocabSize)))
            shapes[$"rnn.{name}"] = shape;
        if (config.Attention is { } attention)
        {
            foreach ((string name, long[] shape) in PastAttention.Shapes(attention, config.NumHiddens))
                shapes[$"attention.{name}"] = shape;
        }
        if (!config.TieWeights)
            shapes["linear.weight"] = [vocabSize, config.OutputSize];
        shapes["linear.bias"] = [vocabSize];
        return shapes;
    }

    /// <summary>Names and shapes of the recurrent layers' weights, in the order in which they are drawn.</summary>
    /// <param name="config">Cell, layers, directions, hidden units.</param>
    /// <param name="inputSize">Width of an input.</param>
    internal static IEnumerable<(string Name, long[] Shape)> OfRecurrent(ModelConfig config, int inputSize)
    {
        long hidden = config.NumHiddens, rows = hidden * CellGates.Of(config.Cell, config.Variant).Count;
        for (int layer = 0; layer < config.NumLayers; layer++)
        {
            int columns = layer == 0 ? inputSize : config.OutputSize;
            foreach (string place in config.PlacesOfLayer(layer))
            {
                yield return ($"weight_ih_{place}", [rows, columns]);
                // The gates of a minimal cell do not see the hidden state.
                if (config.Variant != CellVariant.Minimal)
                    yield return ($"weight_hh_{place}", [rows, hidden]);
                yield return ($"bias_ih_{place}", [rows]);
                if (config.Variant != CellVariant.Minimal)
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
}
