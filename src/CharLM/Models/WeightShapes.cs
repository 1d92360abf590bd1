namespace CharLM.Models;

/// <summary>The names and shapes of a model's weights, known without building it.</summary>
public static class WeightShapes
{
    /// <summary>Name to shape, for every weight of <see cref="LanguageModel"/>.</summary>
    public static IReadOnlyDictionary<string, long[]> Of(ModelConfig config, int vocabSize)
    {
        ArgumentNullException.ThrowIfNull(config);
        long hidden = config.NumHiddens;
        long rows = hidden * config.Cell switch { CellKind.Rnn => 1, CellKind.Gru => 3, _ => 4 };
        var shapes = new Dictionary<string, long[]>(StringComparer.Ordinal);
        if (config.EmbeddingSize > 0)
            shapes["embedding.weight"] = [vocabSize, config.EmbeddingSize];
        for (int layer = 0; layer < config.NumLayers; layer++)
        {
            foreach (string place in config.PlacesOfLayer(layer))
            {
                shapes[$"rnn.weight_ih_{place}"] = [rows, layer == 0 ? config.InputSize(vocabSize) : config.OutputSize];
                shapes[$"rnn.weight_hh_{place}"] = [rows, hidden];
                shapes[$"rnn.bias_ih_{place}"] = [rows];
                shapes[$"rnn.bias_hh_{place}"] = [rows];
            }
        }
        if (!config.TieWeights)
            shapes["linear.weight"] = [vocabSize, config.OutputSize];
        shapes["linear.bias"] = [vocabSize];
        return shapes;
    }
}
