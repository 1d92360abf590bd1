using System.CommandLine;
using System.CommandLine.Parsing;
using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using CharLM.Cli.Streams;

namespace CharLM.Cli.Options;

/// <summary>
/// Creates options that are null if not given, so that the value below (a checkpoint's configuration, or the default) applies. An
/// unreadable value is reported in one plain sentence; the library checks ranges.
/// </summary>
internal static class OptionOf
{
    private const int LongestWord = 100;

    private delegate bool Reader<T>(string text, out T value);

    /// <summary>A whole number.</summary>
    public static Option<int?> Integer(string name, string helpName, string description) =>
        Make(name, helpName, description, $"a whole number of at most {int.MaxValue}", (string text, out int value) =>
            int.TryParse(text, Whole, null, out value));

    /// <summary>A whole number of 64 bits.</summary>
    public static Option<long?> Long(string name, string helpName, string description) =>
        Make(name, helpName, description, $"a whole number of at most {long.MaxValue}", (string text, out long value) =>
            long.TryParse(text, Whole, null, out value));

    /// <summary>A number; NaN and infinities are refused here.</summary>
    public static Option<double?> Number(string name, string helpName, string description) =>
        Make(name, helpName, description, "a finite number such as 0.5", (string text, out double value) => TryParse(text, out value));

    /// <summary>A value of a type with its own parser; its <see cref="DescriptionAttribute"/> describes valid values.</summary>
    public static Option<T?> Word<T>(string name, string helpName, string description)
        where T : struct, IParsable<T> =>
        Make(name, helpName, description, typeof(T).GetCustomAttribute<DescriptionAttribute>()?.Description ?? helpName,
            (string text, out T value) => T.TryParse(text, CultureInfo.InvariantCulture, out value));

    /// <summary>One of a closed set.</summary>
    public static Option<T?> Choice<T>(string name, string description)
        where T : struct, Enum
    {
        string[] names = [.. Choices.NamesOf<T>()];
        string shown = string.Join('|', names);
        Option<T?> option = Make(
            name, shown, description, $"one of {shown}", (string text, out T value) => Choices.TryParse(text, out value));
        // The library would also complete the enum's C# names.
        option.CompletionSources.Clear();
        option.CompletionSources.Add(names);
        return option;
    }

    /// <summary>One of a closed set, or a word that resets the value below the option: none, or default.</summary>
    public static Option<Setting<T>?> ChoiceOr<T>(string unset, string name, string description)
        where T : struct, Enum
    {
        string[] names = [.. Choices.NamesOf<T>(), unset];
        string shown = string.Join('|', names);
        Option<Setting<T>?> option = Make(name, shown, description, $"one of {shown}", (string text, out Setting<T> value) =>
        {
            bool isChoice = Choices.TryParse(text, out T choice);
            value = new Setting<T>(isChoice ? choice : null);
            return isChoice || text.Equals(unset, StringComparison.OrdinalIgnoreCase);
        });
        option.CompletionSources.Clear();
        option.CompletionSources.Add(names);
        return option;
    }

    /// <summary>A number, or a word that resets the value below the option.</summary>
    public static Option<Setting<double>?> NumberOr(string unset, string name, string helpName, string description) =>
        Make(name, $"{helpName}|{unset}", description, $"a finite number such as 0.5, or {unset}",
            (string text, out Setting<double> value) =>
        {
            bool isNumber = TryParse(text, out double number);
            value = new Setting<double>(isNumber ? number : null);
            return isNumber || text.Equals(unset, StringComparison.OrdinalIgnoreCase);
        });

    /// <summary>A switch that can also be turned off, to override a file.</summary>
    public static Option<bool?> Switch(string name, string description) => new(name) { HelpName = "true|false", Description = description };

    /// <summary>Any non-empty text.</summary>
    public static Option<string?> Text(string name, string helpName, string description) => new(name)
    {
        HelpName = helpName,
        Description = description,
        CustomParser = result =>
        {
            if (result.Tokens is [{ Value.Length: > 0 } token])
                return token.Value;
            result.AddError($"{name} is empty; it takes {helpName}");
            return null;
        },
    };

    /// <summary>Non-empty texts; the option may be repeated.</summary>
    public static Option<string[]?> Texts(string name, string helpName, string description) => new(name)
    {
        HelpName = helpName,
        Description = description,
        CustomParser = result =>
        {
            if (result.Tokens.Count > 0 && result.Tokens.All(token => token.Value.Length > 0))
                return [.. result.Tokens.Select(token => token.Value)];
            result.AddError($"{name} is empty; it takes {helpName}");
            return null;
        },
    };

    /// <summary>The --json switch of every verb with a result.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print the result as JSON." };

    // No thousands separators: 0,5 would silently be 5.
    private static NumberStyles Whole => NumberStyles.AllowLeadingSign;

    private static NumberStyles Decimal => NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    private static bool TryParse(string text, out double value) =>
        double.TryParse(text, Decimal, null, out value) && double.IsFinite(value);

    private static Option<T?> Make<T>(string name, string helpName, string description, string wanted, Reader<T> read)
        where T : struct => new(name)
        {
            HelpName = helpName,
            Description = description,
            CustomParser = result => Parse(result, name, wanted, read),
        };

    private static T? Parse<T>(ArgumentResult result, string name, string wanted, Reader<T> read)
        where T : struct
    {
        string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
        if (read(text, out T value))
            return value;
        result.AddError($"{name} takes {wanted}, not '{Printable.Text(text, LongestWord)}'");
        return null;
    }
}

/// <summary>The value of a setting that can be absent, or the word that resets what a file says.</summary>
/// <param name="Value">The value; null for that word.</param>
internal readonly record struct Setting<T>(T? Value)
    where T : struct;
