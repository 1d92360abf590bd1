using System.Reflection;
using System.Text.Json;

namespace CharLM.Checkpoints;

/// <summary>
/// Reads a record from JSON as the serializer does, if the JSON is plain: no nulls in place of objects, no values of other types. The
/// serializer's code for each type of property is compiled anew in every process, which takes longer than to read a model.
/// </summary>
/// <remarks>Whatever is not plain is left to the serializer, so that results and errors are its own.</remarks>
internal static class PlainPart
{
    /// <summary>The record; null where the serializer must decide.</summary>
    /// <param name="json">A JSON object.</param>
    /// <param name="type">A record with settable properties, a primary constructor, or both.</param>
    /// <param name="options">The serializer's naming policy and depth.</param>
    public static object? TryRead(string json, Type type, JsonSerializerOptions options)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = options.MaxDepth });
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(document.RootElement, type, options.PropertyNamingPolicy!)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static object? Read(JsonElement root, Type type, JsonNamingPolicy names)
    {
        if (type.GetConstructors() is not [var constructor])
            return null;
        ParameterInfo[] parameters = constructor.GetParameters();
        var arguments = new object?[parameters.Length];
        for (int i = 0; i < parameters.Length; i++)
        {
            string name = parameters[i].Name!;
            if (root.TryGetProperty(names.ConvertName(name[..1].ToUpperInvariant() + name[1..]), out JsonElement value))
            {
                if (!TryConvert(value, parameters[i].ParameterType, names, out arguments[i]))
                    return null;
            }
            else if (parameters[i].HasDefaultValue)
            {
                arguments[i] = parameters[i].DefaultValue;
            }
            else
            {
                return null;
            }
        }
        object record = constructor.Invoke(arguments);
        Dictionary<string, PropertyInfo> properties = type.GetProperties(BindingFlags.Instance | BindingFlags.Public)
            .Where(property => property.SetMethod is { IsPublic: true })
            .ToDictionary(property => names.ConvertName(property.Name), StringComparer.Ordinal);
        foreach (JsonProperty entry in root.EnumerateObject())
        {
            if (!properties.TryGetValue(entry.Name, out PropertyInfo? property))
                continue; // unknown: newer toolkits may write more
            if (!TryConvert(entry.Value, property.PropertyType, names, out object? value))
                return null;
            property.SetValue(record, value);
        }
        return record;
    }

    private static bool TryConvert(JsonElement element, Type type, JsonNamingPolicy names, out object? value)
    {
        value = null;
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return element.ValueKind == JsonValueKind.Null || TryConvert(element, inner, names, out value);
        value = element.ValueKind switch
        {
            JsonValueKind.True or JsonValueKind.False when type == typeof(bool) => element.GetBoolean(),
            JsonValueKind.Number when type == typeof(int) && element.TryGetInt32(out int number) => number,
            JsonValueKind.Number when type == typeof(long) && element.TryGetInt64(out long number) => number,
            JsonValueKind.Number when type == typeof(double) && element.TryGetDouble(out double number) => number,
            JsonValueKind.String when type == typeof(string) => Text(element),
            JsonValueKind.String when type == typeof(byte[]) && element.TryGetBytesFromBase64(out byte[]? bytes) => bytes,
            JsonValueKind.String when type.IsEnum && Choices.NamesOf(type).Contains(element.GetString()) =>
                Choices.Parse(type, element.GetString()!),
            JsonValueKind.Object when type is { IsClass: true, IsSealed: true } => Read(element, type, names),
            JsonValueKind.Array when type == typeof(IReadOnlyList<string>) => Texts(element),
            JsonValueKind.Array when type == typeof(IReadOnlyList<long>) => Numbers(element),
            _ => null,
        };
        return value is not null;
    }

    private static List<string>? Texts(JsonElement array)
    {
        var texts = new List<string>(array.GetArrayLength());
        foreach (JsonElement element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.String || Text(element) is not { } text)
                return null;
            texts.Add(text);
        }
        return texts;
    }

    private static List<long>? Numbers(JsonElement array)
    {
        var numbers = new List<long>(array.GetArrayLength());
        foreach (JsonElement element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out long number))
                return null;
            numbers.Add(number);
        }
        return numbers;
    }

    // JSON may escape an unpaired surrogate, which only the serializer knows how to refuse.
    private static string? Text(JsonElement element)
    {
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
