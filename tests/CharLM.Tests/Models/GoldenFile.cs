using System.Text.Json;
using System.Text.Json.Serialization;
using CharLM.Models;

namespace CharLM.Tests.Models;

/// <summary>Reference numbers of PyTorch; scripts/golden.py writes such files and describes the format.</summary>
public sealed record GoldenFile(string Torch, string Dtype, IReadOnlyList<GoldenCase> Cases)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>
    /// What the tests read: the file that CHARLM_GOLDEN names (seen from the checkout, where test runners are not), else our own.
    /// </summary>
    public static string DefaultPath => Environment.GetEnvironmentVariable("CHARLM_GOLDEN") is { Length: > 0 } path
        ? Repository.File(path)
        : Repository.File("tests", "CharLM.Tests", "golden", "recurrent.json");

    public static GoldenFile Read(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return JsonSerializer.Deserialize<GoldenFile>(stream, Json) ?? throw new InvalidDataException($"{path} is empty");
    }
}

/// <summary>One model: its weights, its minibatches, and what came of them.</summary>
public sealed record GoldenCase(
    CellKind Cell,
    int NumLayers,
    bool Bidirectional,
    int VocabSize,
    int NumHiddens,
    int BatchSize,
    int NumSteps,
    IReadOnlyDictionary<string, GoldenTensor> Parameters,
    int[][][] Inputs,
    int[][][] Targets,
    IReadOnlyList<GoldenStep> Steps,
    IReadOnlyDictionary<string, GoldenTensor> ParametersAfter,
    double LearningRate,
    double ClipNorm)
{
    public override string ToString() =>
        $"{Choices.NameOf(Cell)}, {NumLayers} layer{(NumLayers == 1 ? "" : "s")}{(Bidirectional ? ", bidirectional" : "")}";
}

/// <summary>One step of training; logits and gradients stand in the first only.</summary>
public sealed record GoldenStep(
    double Loss,
    double Perplexity,
    double GradientNorm,
    IReadOnlyList<GoldenTensor> FinalState,
    GoldenTensor? Logits = null,
    IReadOnlyDictionary<string, GoldenTensor>? Gradients = null);

/// <summary>A tensor, row-major.</summary>
public sealed record GoldenTensor(long[] Shape, double[] Data);
