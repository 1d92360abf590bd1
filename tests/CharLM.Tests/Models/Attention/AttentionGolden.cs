using System.Text.Json;
using System.Text.Json.Serialization;

namespace CharLM.Tests.Models.Attention;

/// <summary>PyTorch's reference values for attention; scripts/golden-attention.py writes and describes the file.</summary>
public sealed record AttentionGolden(string Torch, IReadOnlyList<AttentionCase> Cases)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static AttentionGolden Read()
    {
        using FileStream stream = File.OpenRead(Repository.File("tests", "CharLM.Tests", "golden", "attention.json"));
        return JsonSerializer.Deserialize<AttentionGolden>(stream, Json)!;
    }
}

/// <summary>One layer: its weights, inputs and results.</summary>
public sealed record AttentionCase(
    string Name,
    string Kind,
    IReadOnlyDictionary<string, GoldenTensor> Parameters,
    GoldenTensor Queries,
    GoldenTensor Keys,
    GoldenTensor Values,
    GoldenTensor Output,
    GoldenTensor Weights,
    GoldenTensor GradOutput,
    IReadOnlyDictionary<string, GoldenTensor> Gradients,
    GoldenMask? Mask = null);

/// <summary>A mask, row-major.</summary>
public sealed record GoldenMask(long[] Shape, [property: JsonPropertyName("data")] bool[] Visible);
