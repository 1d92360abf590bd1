using CharLM.Checkpoints;
using CharLM.Workbench.Configuration;

namespace CharLM.Workbench.Inspection;

/// <summary>What a saved model is made of, for people to look at.</summary>
/// <param name="Kind">What it is, in words: "gru, 1 layer of 256 hidden units".</param>
/// <param name="Parts">Its numbers, in the order of their names.</param>
/// <param name="Settings">Its configuration as YAML, complete.</param>
public sealed record ModelParts(string Kind, IReadOnlyList<ModelPart> Parts, string Settings)
{
    /// <summary>All numbers together.</summary>
    public long Count => Parts.Sum(part => part.Count);

    /// <summary>The parts of a model.</summary>
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
            $"counted n-grams up to order {counted.Model.Order}, modified Kneser-Ney",
            [.. counted.Model.NGrams.Select((count, i) => new ModelPart($"{i + 1}-grams", [count], count))],
            Section("text", counted.Text)),
        _ => throw new ArgumentException($"{saved?.GetType().Name ?? "null"} is no saved model that can be looked into", nameof(saved)),
    };

    private static string Section(string name, object record)
    {
        string[] lines = YamlRecord.ToText(YamlRecord.ToNode(record)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return $"{name}:\n{string.Concat(lines.Select(line => $"  {line}\n"))}";
    }
}

/// <summary>One list of numbers of a saved model.</summary>
/// <param name="Name">A weight by PyTorch's name, or the n-grams of one length.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Count">How many numbers it has.</param>
public sealed record ModelPart(string Name, IReadOnlyList<long> Shape, long Count);
