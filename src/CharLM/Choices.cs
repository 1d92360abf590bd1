using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CharLM;

/// <summary>
/// Names of enum values as users write them, on the command line and in files: kebab-case, or the name that
/// <see cref="JsonStringEnumMemberNameAttribute"/> gives.
/// </summary>
internal static class Choices
{
    private static readonly ConcurrentDictionary<Type, Dictionary<object, string>> Tables = new();

    /// <summary>The name of an enum value.</summary>
    public static string NameOf(Enum value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return TryNameOf(value) ?? throw new ArgumentOutOfRangeException(nameof(value), value, $"not a {value.GetType().Name}");
    }

    /// <summary>The name of an enum value; null if it is none of the declared ones.</summary>
    public static string? TryNameOf(Enum value) => Table(value.GetType()).GetValueOrDefault(value);

    /// <summary>All names of an enum, in order of declaration.</summary>
    public static IReadOnlyCollection<string> NamesOf<T>()
        where T : struct, Enum => NamesOf(typeof(T));

    /// <summary>All names of an enum, in order of declaration.</summary>
    /// <param name="type">The enum.</param>
    public static IReadOnlyCollection<string> NamesOf(Type type) => Table(type).Values;

    /// <summary>Finds the value with a name, ignoring case.</summary>
    public static bool TryParse<T>(string name, out T value)
        where T : struct, Enum
    {
        object? found = Parse(typeof(T), name);
        value = found is T choice ? choice : default;
        return found is not null;
    }

    /// <summary>The value with a name, ignoring case; null when there is none.</summary>
    /// <param name="type">The enum.</param>
    /// <param name="name">The name.</param>
    public static object? Parse(Type type, string name) =>
        Table(type).FirstOrDefault(entry => string.Equals(entry.Value, name, StringComparison.OrdinalIgnoreCase)).Key;

    private static Dictionary<object, string> Table(Type type) => Tables.GetOrAdd(type, static type => type.GetFields()
        .Where(field => field.IsLiteral)
        .ToDictionary(
            field => Enum.ToObject(type, field.GetRawConstantValue()!),
            field => field.GetCustomAttributes(typeof(JsonStringEnumMemberNameAttribute), false).Cast<JsonStringEnumMemberNameAttribute>()
                .FirstOrDefault()?.Name
                ?? JsonNamingPolicy.KebabCaseLower.ConvertName(field.Name)));
}
