using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using CharLM.Corpora;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace CharLM.Workbench.Configuration;

/// <summary>
/// Converts configuration records to and from YAML: keys are the properties' names in snake_case, nested records are nested mappings. A
/// property of type <see cref="YamlNode"/> receives the file's node unread.
/// </summary>
internal static class YamlRecord
{
    /// <summary>Applies a mapping to a record; unknown keys and wrong types are errors with their line.</summary>
    /// <param name="node">The keys to apply.</param>
    /// <param name="under">The record that supplies the other values.</param>
    /// <param name="path">What to call the file in errors.</param>
    /// <exception cref="ConfigFileException">A key is unknown, or a value of another type.</exception>
    public static T Apply<T>(YamlMappingNode node, T under, string path)
        where T : class => (T)ApplyTo(node, under, path);

    /// <summary>Reads a list of whole numbers.</summary>
    /// <param name="list">The list.</param>
    /// <param name="key">The list's key.</param>
    /// <param name="path">What to call the file in errors.</param>
    /// <exception cref="ConfigFileException">An element is not a whole number.</exception>
    public static IReadOnlyList<(long Number, long Line)> WholeNumbers(YamlSequenceNode list, string key, string path) =>
    [
        .. list.Children.Select(node => Parse((node as YamlScalarNode)?.Value ?? "", typeof(long)) is long number
            ? (number, node.Start.Line)
            : throw new ConfigFileException(
                path, node.Start.Line, $"{key} takes whole numbers, not '{Short((node as YamlScalarNode)?.Value ?? "a list")}'")),
    ];

    /// <summary>Converts a record to a complete mapping.</summary>
    public static YamlMappingNode ToNode(object record)
    {
        var node = new YamlMappingNode();
        foreach (PropertyInfo property in Settings(record.GetType()))
        {
            object? value = property.GetValue(record);
            if (value is not null)
                node.Add(NameOf(property), IsRecord(property.PropertyType) ? ToNode(value)
                    : value is CorpusNames { Count: > 1 } names ? new YamlSequenceNode(names.Select(ToScalar)) : ToScalar(value));
        }
        return node;
    }

    /// <summary>Converts a record to complete JSON, under the same keys as in YAML.</summary>
    public static JsonObject ToJson(object record)
    {
        var json = new JsonObject();
        foreach (PropertyInfo property in Settings(record.GetType()))
        {
            object? value = property.GetValue(record);
            if (value is not null)
                json.Add(NameOf(property), IsRecord(property.PropertyType) ? ToJson(value)
                    : value is CorpusNames { Count: > 1 } names ? new JsonArray([.. names.Select(name => JsonValue.Create(name))])
                    : ToJsonValue(value));
        }
        return json;
    }

    /// <summary>All settings of a record that have a value, under dotted keys.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Flatten(object record) => Flatten(ToNode(record), "");

    /// <summary>Formats a mapping as text.</summary>
    public static string ToText(YamlMappingNode node)
    {
        using var writer = new StringWriter();
        new YamlStream(new YamlDocument(node)).Save(writer, assignAnchors: false);
        // The library uses the system's line ends.
        return writer.ToString().Replace("\r\n", "\n", StringComparison.Ordinal).Replace("...\n", "", StringComparison.Ordinal);
    }

    private static IEnumerable<KeyValuePair<string, string>> Flatten(YamlMappingNode node, string prefix) =>
        node.Children.SelectMany(child =>
        child.Value is YamlMappingNode inner ? Flatten(inner, $"{prefix}{child.Key}.")
            : [new KeyValuePair<string, string>($"{prefix}{child.Key}", child.Value.ToString())]);

    private static object ApplyTo(YamlMappingNode node, object under, string path)
    {
        object result = under.GetType().GetMethod("<Clone>$")!.Invoke(under, null)!;
        Dictionary<string, PropertyInfo> settings = Settings(under.GetType()).ToDictionary(NameOf);
        foreach ((YamlNode keyNode, YamlNode value) in node.Children)
        {
            string key = (keyNode as YamlScalarNode)?.Value
                ?? throw new ConfigFileException(path, keyNode.Start.Line, "has a key that is not text");
            if (!settings.TryGetValue(key, out PropertyInfo? property))
            {
                string hint = EditDistance.Nearest(Short(key), [.. settings.Keys]) is { } near ? $"; did you mean '{near}'?"
                    : $"; known are {string.Join(", ", settings.Keys)}";
                throw new ConfigFileException(path, keyNode.Start.Line, $"unknown key '{Short(key)}'{hint}");
            }
            property.SetValue(result, Value(value, key, property, property.GetValue(under), path));
        }
        return result;
    }

    private static object? Value(YamlNode node, string key, PropertyInfo property, object? under, string path)
    {
        if (IsRecord(property.PropertyType))
        {
            return node is YamlMappingNode mapping
                ? ApplyTo(mapping, under!, path)
                : throw new ConfigFileException(path, node.Start.Line, $"{key} takes {Wanted(property.PropertyType)}");
        }
        if (property.PropertyType == typeof(CorpusNames))
            return Names(node) ?? throw new ConfigFileException(path, node.Start.Line, $"{key} takes {Wanted(property.PropertyType)}");
        if (IsNode(property.PropertyType))
            return property.PropertyType.IsInstanceOfType(node) ? node
                : throw new ConfigFileException(path, node.Start.Line, $"{key} takes {Wanted(property.PropertyType)}");
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (node is not YamlScalarNode { Value: { } text } scalar)
            throw new ConfigFileException(path, node.Start.Line, $"{key} takes {Wanted(type)}");
        if (text is "null" or "~" or "" && scalar.Style == ScalarStyle.Plain
            && Nullable.GetUnderlyingType(property.PropertyType) is not null)
            return null;
        return Parse(text, type)
            ?? throw new ConfigFileException(path, node.Start.Line, $"{key} takes {Wanted(type)}, not '{Short(text)}'");
    }

    // A single name needs no list.
    private static CorpusNames? Names(YamlNode node) => node switch
    {
        YamlScalarNode { Value: { } name } => name,
        YamlSequenceNode list when list.All(item => item is YamlScalarNode) => [.. list.Select(item => ((YamlScalarNode)item).Value ?? "")],
        _ => null,
    };

    private static object? Parse(string text, Type type)
    {
        if (type == typeof(string))
            return text;
        if (type.IsEnum)
            return Choices.Parse(type, text);
        if (type == typeof(bool))
            return text switch { "true" => true, "false" => false, _ => null };
        if (type == typeof(int))
            return int.TryParse(text, NumberStyles.AllowLeadingSign, null, out int whole) ? whole : null;
        if (type == typeof(long))
            return long.TryParse(text, NumberStyles.AllowLeadingSign, null, out long large) ? large : null;
        if (type == typeof(double))
            return double.TryParse(text, NumberStyles.Float, null, out double number) && double.IsFinite(number) ? number : null;
        if (IsWord(type))
            return typeof(YamlRecord).GetMethod(nameof(ParseWord), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(type)
                .Invoke(null, [text]);
        throw new NotSupportedException($"a setting of type {type.Name}");
    }

    private static string Wanted(Type type) => type switch
    {
        { IsEnum: true } => $"one of {string.Join(", ", Choices.NamesOf(type))}",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(double) => "a finite number",
        _ when type == typeof(int) || type == typeof(long) => "a whole number",
        _ when type == typeof(YamlSequenceNode) => "a list",
        _ when type == typeof(CorpusNames) => "a text, or a list of texts",
        _ when type == typeof(YamlMappingNode) || IsRecord(type) => "keys with values",
        _ => type.GetCustomAttribute<DescriptionAttribute>()?.Description ?? "a text",
    };

    // A type of the toolkit that is written as one word.
    private static bool IsWord(Type type) => type.IsValueType && typeof(IParsable<>).MakeGenericType(type).IsAssignableFrom(type);

    private static object? ParseWord<T>(string text)
        where T : IParsable<T> => T.TryParse(text, CultureInfo.InvariantCulture, out T? value) ? value : null;

    private static YamlScalarNode ToScalar(object value) => value switch
    {
        Enum choice => new YamlScalarNode(Choices.NameOf(choice)),
        bool flag => new YamlScalarNode(flag ? "true" : "false"),
        string text => new YamlScalarNode(text) { Style = ScalarStyle.DoubleQuoted },
        CorpusNames names => ToScalar(names.ToString()),
        IFormattable number => new YamlScalarNode(number.ToString(null, CultureInfo.InvariantCulture)),
        _ when IsWord(value.GetType()) => new YamlScalarNode(value.ToString()),
        _ => throw new NotSupportedException($"a setting of type {value.GetType().Name}"),
    };

    private static JsonValue? ToJsonValue(object value) => value switch
    {
        bool flag => JsonValue.Create(flag),
        int whole => JsonValue.Create(whole),
        long large => JsonValue.Create(large),
        double number => JsonValue.Create(number),
        _ => JsonValue.Create(ToScalar(value).Value),
    };

    // Settable properties that are not computed from others.
    private static IEnumerable<PropertyInfo> Settings(Type type) => type.GetProperties()
        .Where(property => property.CanWrite && property.GetCustomAttribute<JsonIgnoreAttribute>() is null);

    private static bool IsRecord(Type type) => type.IsClass && type != typeof(string) && type != typeof(CorpusNames) && !IsNode(type);

    private static bool IsNode(Type type) => typeof(YamlNode).IsAssignableFrom(type);

    private static string NameOf(PropertyInfo property) => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name);

    private static string Short(string text) => text.Length > 60 ? $"{text[..60]}..." : text;
}
