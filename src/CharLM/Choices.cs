using System.Text.Json;
using System.Text.Json.Serialization;

namespace CharLM;

/// <summary>
/// The names of closed choices as users write them, on the command line and in files: kebab-case, or what
/// <see cref="JsonStringEnumMemberNameAttribute"/> says.
/// </summary>
public static class Choices
{
    /// <summary>The name of a choice.</summary>
    public static string NameOf<T>(T value)
        where T : struct, Enum => Table<T>.Names.TryGetValue(value, out string? name)
            ? name
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"not a {typeof(T).Name}");

    /// <summary>All names of a kind of choice, in order of declaration.</summary>
    public static IReadOnlyCollection<string> NamesOf<T>()
        where T : struct, Enum => Table<T>.Names.Values;

    /// <summary>The choice of a name, case ignored.</summary>
    public static bool TryParse<T>(string name, out T value)
        where T : struct, Enum
    {
        foreach ((T candidate, string known) in Table<T>.Names)
        {
            if (string.Equals(known, name, StringComparison.OrdinalIgnoreCase))
            {
                value = candidate;
                return true;
            }
        }
        value = default;
        return false;
    }

    private static class Table<T>
        where T : struct, Enum
    {
        public static readonly Dictionary<T, string> Names = typeof(T).GetFields()
            .Where(field => field.IsLiteral)
            .ToDictionary(
                field => (T)field.GetRawConstantValue()!,
                field => field.GetCustomAttributes(typeof(JsonStringEnumMemberNameAttribute), false).Cast<JsonStringEnumMemberNameAttribute>().FirstOrDefault()?.Name
                    ?? JsonNamingPolicy.KebabCaseLower.ConvertName(field.Name));
    }
}
