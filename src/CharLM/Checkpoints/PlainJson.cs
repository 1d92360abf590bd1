using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CharLM.Checkpoints;

/// <summary>
/// Writes JSON as the serializer does, byte by byte, without its code for each type of property, which is compiled anew in every process
/// and takes longer than to train a small model for an epoch. Whatever is not plain is left to the serializer.
/// </summary>
/// <remarks>
/// Plain are records of this program with numbers, strings, enums, lists of these, and such records. Names and enums are written in the
/// forms of <see cref="CheckpointMetadata.Json"/>. Thread safety: any number of threads.
/// </remarks>
internal static class PlainJson
{
    private static readonly ConcurrentDictionary<Type, Member[]?> Members = new();

    /// <summary>An object as JSON.</summary>
    /// <param name="value">The object.</param>
    /// <param name="options">Those of <see cref="CheckpointMetadata.Json"/>, but for converters of numbers that are not finite.</param>
    public static string Serialize<T>(T value, JsonSerializerOptions options) =>
        TryWrite(value, typeof(T), options) ?? JsonSerializer.Serialize(value, options);

    /// <summary>An object as JSON; null if the serializer must write it.</summary>
    /// <param name="value">The object.</param>
    /// <param name="type">The type as which it is written.</param>
    /// <param name="options">The serializer's.</param>
    public static string? TryWrite(object? value, Type type, JsonSerializerOptions options)
    {
        using var stream = new MemoryStream();
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = options.Encoder });
        if (!TryWrite(writer, value, type, options))
            return null;
        writer.Flush();
        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static bool TryWrite(Utf8JsonWriter writer, object? value, Type type, JsonSerializerOptions options)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                return true;
            case bool flag:
                writer.WriteBooleanValue(flag);
                return true;
            case int number:
                writer.WriteNumberValue(number);
                return true;
            case long number:
                writer.WriteNumberValue(number);
                return true;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                return true;
            case float number when float.IsFinite(number):
                writer.WriteNumberValue(number);
                return true;
            case string text:
                writer.WriteStringValue(text);
                return true;
            case byte[] bytes:
                writer.WriteBase64StringValue(bytes);
                return true;
            case Enum choice when Choices.TryNameOf(choice) is { } name:
                writer.WriteStringValue(name);
                return true;
            case IEnumerable items when ElementOf(type) is { } element:
                return TryWriteItems(writer, items, element, options);
            default:
                return type.IsSealed && type.IsInstanceOfType(value) && Members.GetOrAdd(type, MembersOf, options) is { } members
                    && TryWriteMembers(writer, value, members, options);
        }
    }

    private static bool TryWriteItems(Utf8JsonWriter writer, IEnumerable items, Type element, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (object? item in items)
        {
            if (!TryWrite(writer, item, element, options))
                return false;
        }
        writer.WriteEndArray();
        return true;
    }

    private static bool TryWriteMembers(Utf8JsonWriter writer, object record, Member[] members, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach ((JsonEncodedText name, PropertyInfo property) in members)
        {
            object? value = property.GetValue(record);
            if (value is null && options.DefaultIgnoreCondition == JsonIgnoreCondition.WhenWritingNull)
                continue;
            writer.WritePropertyName(name);
            if (!TryWrite(writer, value, property.PropertyType, options))
                return false;
        }
        writer.WriteEndObject();
        return true;
    }

    // What the serializer writes of a record of this program; null for any other type, and where attributes ask for anything unusual.
    private static Member[]? MembersOf(Type type, JsonSerializerOptions options)
    {
        bool isOurs = type.Assembly.GetName().Name!.StartsWith("CharLM", StringComparison.Ordinal)
            || type.IsDefined(typeof(CompilerGeneratedAttribute));
        if (!isOurs || type.BaseType != typeof(object) || type.IsAssignableTo(typeof(IEnumerable)) || HasJsonAttribute(type))
            return null;
        List<Member> members = [];
        foreach (PropertyInfo property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            if (property.GetCustomAttribute<JsonIgnoreAttribute>() is { Condition: JsonIgnoreCondition.Always })
                continue;
            bool isIncluded = property.IsDefined(typeof(JsonIncludeAttribute));
            if (property.GetMethod is not { } getter || !(getter.IsPublic || isIncluded))
                continue;
            if (property.GetIndexParameters().Length > 0 || (!isIncluded && HasJsonAttribute(property)))
                return null;
            string name = options.PropertyNamingPolicy!.ConvertName(property.Name);
            members.Add(new Member(JsonEncodedText.Encode(name, options.Encoder), property));
        }
        return [.. members];
    }

    private static bool HasJsonAttribute(MemberInfo member) => member.IsDefined(typeof(JsonAttribute), inherit: true);

    // The element of a list that is declared as one; null for any other type.
    private static Type? ElementOf(Type type) => type.IsArray ? type.GetElementType()
        : type is { IsInterface: true, IsGenericType: true, GenericTypeArguments: [var element] } ? element : null;

    private readonly record struct Member(JsonEncodedText Name, PropertyInfo Property);
}
