using System.CommandLine;
using System.CommandLine.Parsing;

namespace CharLM.Cli.Options;

/// <summary>
/// Makes options that are null when they were not given, so that what lies under them (a checkpoint's configuration, or
/// the defaults) shows through. A value that cannot be read is one plain sentence; ranges are the library's to check.
/// </summary>
internal static class OptionOf
{
    private delegate bool Reader<T>(string text, out T value);

    /// <summary>A whole number.</summary>
    public static Option<int?> Integer(string name, string helpName, string description) =>
        Make(name, helpName, description, "a whole number", (string text, out int value) => int.TryParse(text, out value));

    /// <summary>A whole number of 64 bits.</summary>
    public static Option<long?> Long(string name, string helpName, string description) =>
        Make(name, helpName, description, "a whole number", (string text, out long value) => long.TryParse(text, out value));

    /// <summary>A number; NaN and infinities are refused here.</summary>
    public static Option<double?> Number(string name, string helpName, string description) =>
        Make(name, helpName, description, "a finite number such as 0.5", (string text, out double value) => double.TryParse(text, out value) && double.IsFinite(value));

    /// <summary>One of a closed set.</summary>
    public static Option<T?> Choice<T>(string name, string description)
        where T : struct, Enum
    {
        string names = string.Join("|", Choices.NamesOf<T>());
        Option<T?> option = Make(name, names, description, $"one of {names}", (string text, out T value) => Choices.TryParse(text, out value));
        option.CompletionSources.Add([.. Choices.NamesOf<T>()]);
        return option;
    }

    /// <summary>Any text; the empty one is refused.</summary>
    public static Option<string?> Text(string name, string helpName, string description) => new(name)
    {
        HelpName = helpName,
        Description = description,
    };

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
        result.AddError($"{name} takes {wanted}, not '{text}'");
        return null;
    }
}
