using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Reporting;

/// <summary>What <c>--json</c> and <c>--log-json</c> write: snake_case keys, letters as they are and not as \u numbers.</summary>
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
    public static string Line<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>Reads such a line.</summary>
    /// <exception cref="JsonException">It is another.</exception>
    public static T? Read<T>(string line) => JsonSerializer.Deserialize<T>(line, Options);
}
