using System.Text.Json;
using System.Text.Json.Serialization;
using CharLM.Models;

namespace CharLM.Tests.Models;

/// <summary>PyTorch's reference values; scripts/golden.py writes such files and describes the format.</summary>
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
    /// The file that the tests read: the one in CHARLM_GOLDEN (relative to the checkout, not the working directory), else our own.
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

/// <summary>One model: its weights, minibatches and results.</summary>
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

/// <summary>One training step; only the first has logits and gradients.</summary>
public sealed record GoldenStep(
    double Loss,
    double Perplexity,
    double GradientNorm,
    IReadOnlyList<GoldenTensor> FinalState,
    GoldenTensor? Logits = null,
    IReadOnlyDictionary<string, GoldenTensor>? Gradients = null);

/// <summary>A tensor, row-major.</summary>
public sealed record GoldenTensor(long[] Shape, double[] Data);
