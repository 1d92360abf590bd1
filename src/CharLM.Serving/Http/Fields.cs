using System.Text.Json;

namespace CharLM.Serving.Http;

/// <summary>The fields of a request; each error names its field. Null counts as missing, as OpenAI's clients expect.</summary>
/// <param name="root">The object.</param>
internal sealed class Fields(JsonElement root)
{
    /// <summary>Refuses fields that nothing reads, rather than ignoring what they ask for.</summary>
    public void Allow(params ReadOnlySpan<string> names)
    {
        foreach (JsonProperty field in root.EnumerateObject())
        {
            if (!names.Contains(NameOf(field)))
                throw ApiException.Invalid(
                    $"there is no field '{Shortened(NameOf(field))}' here; the fields are {string.Join(", ", names)}",
                    Shortened(NameOf(field)));
        }
    }

    /// <summary>A field's value; null when it is missing.</summary>
    public JsonElement? this[string name] =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A text.</summary>
    public string? Text(string name) => this[name] is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? TextOf(value, name)
        : throw ApiException.Invalid($"{name} must be a string", name);

    /// <summary>A whole number.</summary>
    public long? Whole(string name, long least, long most) => this[name] is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && IsWhole(value, out long number) && number >= least && number <= most ? number
        : throw ApiException.Invalid($"{name} must be a whole number from {least} to {most}, not {Shown(value)}", name);

    /// <summary>A finite number.</summary>
    public double? Number(string name, double least, double most) => this[name] is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= least && number <= most ? number
        : throw ApiException.Invalid($"{name} must be a number from {least} to {most}, not {Shown(value)}", name);

    /// <summary>Yes or no; no when it is missing.</summary>
    public bool Flag(string name) => this[name] is { } value && (value.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? value.GetBoolean() : throw ApiException.Invalid($"{name} must be true or false, not {Shown(value)}", name));

    /// <summary>A text, or a list of texts; empty when it is missing.</summary>
    public IReadOnlyList<string> Texts(string name) => this[name] switch
    {
        null => [],
        { ValueKind: JsonValueKind.String } one => [TextOf(one, name)],
        { ValueKind: JsonValueKind.Array } many when many.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String) =>
            [.. many.EnumerateArray().Select(one => TextOf(one, name))],
        _ => throw ApiException.Invalid($"{name} must be a string or a list of strings", name),
    };

    /// <summary>Reads a string, which must be Unicode.</summary>
    public static string TextOf(JsonElement value, string name)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Invalid($"{name} is not Unicode: it has half of a surrogate pair, or bytes that are not UTF-8", name);
        }
    }

    // 1.0 is a whole number in JSON, and some clients write it.
    private static bool IsWhole(JsonElement value, out long number)
    {
        if (value.TryGetInt64(out number))
            return true;
        bool isWhole = value.TryGetDouble(out double real) && Math.Abs(real) < 1L << 53 && Math.Floor(real) == real;
        number = isWhole ? (long)real : 0;
        return isWhole;
    }

    private static string NameOf(JsonProperty field)
    {
        try
        {
            return field.Name;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Invalid("the name of a field is not Unicode");
        }
    }

    private static string Shown(JsonElement value) => value.ValueKind is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False
        ? Shortened(value.GetRawText())
        : $"{(value.ValueKind == JsonValueKind.String ? "a" : "an")} {value.ValueKind.ToString().ToLowerInvariant()}";

    private static string Shortened(string text) => text.Length <= 40 ? text : text[..40] + "...";
}
