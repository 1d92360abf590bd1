using CharLM.Checkpoints;
using CharLM.Workbench.Configuration;

namespace CharLM.Workbench.Inspection;

/// <summary>The parts of a saved model, for people.</summary>
/// <param name="Kind">Its kind as text: "gru, 1 layer of 256 hidden units".</param>
/// <param name="Parts">Its weights or counts, in order of their names.</param>
/// <param name="Settings">Its configuration as YAML, complete.</param>
public sealed record ModelParts(string Kind, IReadOnlyList<ModelPart> Parts, string Settings)
{
    /// <summary>The total number of values.</summary>
    public long Count => Parts.Sum(part => part.Count);

    /// <summary>Lists the parts of a model.</summary>
    public static ModelParts Of(ISavedModel saved) => saved switch
    {
        Checkpoint checkpoint => new ModelParts(
            $"{checkpoint.Model.CellName}, "
                + $"{(checkpoint.Model.NumLayers == 1 ? "1 layer" : $"{checkpoint.Model.NumLayers} layers")} of "
                + $"{checkpoint.Model.NumHiddens} hidden units",
            [.. checkpoint.Weights.OrderBy(weight => weight.Key, StringComparer.Ordinal)
                .Select(weight => new ModelPart(weight.Key, weight.Value.Shape, weight.Value.Values.LongLength))],
            Section("text", checkpoint.Text) + Section("model", checkpoint.Model) + Section("training", checkpoint.Training)),
        NGramCheckpoint counted => new ModelParts(
            $"n-grams up to order {counted.Model.Order}, "
                + (counted.Model.Laplace is { } epsilon ? $"Laplace, epsilon {epsilon}" : "modified Kneser-Ney"),
            [.. counted.Model.NGrams.Select((count, i) => new ModelPart($"{i + 1}-grams", [count], count))],
            Section("text", counted.Text)),
        _ => throw new ArgumentException($"{saved?.GetType().Name ?? "null"} is not a saved model that can be inspected", nameof(saved)),
    };

    private static string Section(string name, object record)
    {
        string[] lines = YamlRecord.ToText(YamlRecord.ToNode(record)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return $"{name}:\n{string.Concat(lines.Select(line => $"  {line}\n"))}";
    }
}

/// <summary>One part of a saved model.</summary>
/// <param name="Name">PyTorch's name of a weight, or the length of the n-grams.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Count">The number of values.</param>
public sealed record ModelPart(string Name, IReadOnlyList<long> Shape, long Count);
