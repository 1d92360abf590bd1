using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Workbench.Inspection;

/// <summary>The activations of all units and gates of a recurrent network while it reads a text.</summary>
/// <param name="Tokens">The text, token by token, as the model read it.</param>
/// <param name="Series">The units of each part of each layer.</param>
public sealed record ActivationTrace(IReadOnlyList<string> Tokens, IReadOnlyList<ActivationSeries> Series)
{
    // Browsers still open a page of this size.
    private const long MostValues = 32_000_000;

    /// <summary>Reads a text from the zero state, by the cell's equations in plain loops.</summary>
    /// <param name="checkpoint">The network.</param>
    /// <param name="tokens">Token ids, 1 or more.</param>
    /// <param name="cancellationToken">Checked before each token.</param>
    /// <exception cref="InvalidConfigException">
    /// The network is bidirectional or a cell variant, or the text is empty or too long.
    /// </exception>
    public static ActivationTrace Of(Checkpoint checkpoint, IReadOnlyList<int> tokens, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentNullException.ThrowIfNull(tokens);
        ModelConfig model = checkpoint.Model;
        InvalidConfigException.ThrowIfAny(Errors(model, tokens.Count));
        LayerTrace[] layers = [.. Enumerable.Range(0, model.NumLayers).Select(layer => new LayerTrace(checkpoint, layer, tokens.Count))];
        WeightArray? embedding = checkpoint.Weights.GetValueOrDefault("embedding.weight");
        for (int step = 0; step < tokens.Count; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int id = tokens[step];
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)checkpoint.Vocab.Count, nameof(tokens));
            ReadOnlySpan<float> hidden = embedding is null
                ? layers[0].StepOneHot(step, id)
                : layers[0].Step(step, embedding.Values.AsSpan(id * model.EmbeddingSize, model.EmbeddingSize));
            foreach (LayerTrace layer in layers.AsSpan(1))
                hidden = layer.Step(step, hidden);
        }
        return new ActivationTrace([.. tokens.Select(id => checkpoint.Vocab[id])], [.. layers.SelectMany(layer => layer.Series())]);
    }

    private static IEnumerable<string> Errors(ModelConfig model, int tokens)
    {
        if (model.Bidirectional)
            yield return "activations need a network that reads forward; this one is bidirectional";
        if (model.Variant != CellVariant.Standard)
            yield return $"activations need a standard cell, not the variant {Choices.NameOf(model.Variant)}";
        if (tokens == 0)
            yield return "the text for the activations is empty: give at least one token";
        long values = (long)tokens * model.NumLayers * model.NumHiddens * LayerTrace.PartsOf(model.Cell);
        if (values > MostValues)
            yield return $"the text for the activations is too long for one page: {tokens} tokens make {values} values, more than "
                + $"{MostValues}";
    }
}

/// <summary>The activations of one part of a layer at each token of a text.</summary>
/// <param name="Name">The part: "layer 1, hidden", "layer 2, forget gate".</param>
/// <param name="Units">The number of units.</param>
/// <param name="Values">The values after each token, [tokens, units]: gates in [0, 1], all others in [-1, 1] except for relu.</param>
public sealed record ActivationSeries(string Name, int Units, ReadOnlyMemory<float> Values)
{
    /// <summary>The values of one unit at each token.</summary>
    public float[] Unit(int unit)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)unit, (uint)Units);
        var values = new float[Values.Length / Units];
        for (int token = 0; token < values.Length; token++)
            values[token] = Values.Span[(token * Units) + unit];
        return values;
    }
}
