using System.Numerics;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

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

    // JSON has no infinity and no NaN, and a key whose value is now a number and now a text is nobody's friend: they are null.
    private sealed class FiniteNumber<T> : JsonConverter<T>
        where T : struct, IBinaryFloatingPointIeee754<T>
    {
        public override bool HandleNull => true;

        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? T.NaN : T.CreateSaturating(reader.GetDouble());

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
        {
            if (!T.IsFinite(value))
                writer.WriteNullValue();
            else if (value is float single)
                writer.WriteNumberValue(single);
            else
                writer.WriteNumberValue(double.CreateChecked(value));
        }
    }
}
