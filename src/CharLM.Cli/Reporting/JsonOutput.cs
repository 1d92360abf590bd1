using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using CharLM.Checkpoints;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Reporting;

/// <summary>The JSON of <c>--json</c> and <c>--log-json</c>: snake_case keys, letters unescaped.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower), new FiniteNumber<double>(),
            new FiniteNumber<float>() },
    };

    /// <summary>One object on one line.</summary>
    public static string Line<T>(T value) => PlainJson.Serialize(value, Options);

    /// <summary>Reads one such line.</summary>
    /// <exception cref="JsonException">The line is not such an object.</exception>
    public static T? Read<T>(string line) => JsonSerializer.Deserialize<T>(line, Options);
}
