using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace CharLM.Runs;

/// <summary>How often checkpoints are written: after so many epochs, steps or minutes, 0 only at the end; or by themselves.</summary>
/// <param name="Amount">How many; for <see cref="CheckpointUnit.Automatic"/> 1.</param>
/// <param name="Unit">Of what.</param>
[Description("a number of epochs, steps or minutes, such as 50, 500steps or 10min, or auto")]
public readonly record struct CheckpointInterval(int Amount, CheckpointUnit Unit) : IParsable<CheckpointInterval>
{
    private const string AutomaticName = "auto";

    private static readonly (string Suffix, CheckpointUnit Unit)[] Suffixes =
    [
        ("epochs", CheckpointUnit.Epochs), ("epoch", CheckpointUnit.Epochs),
        ("steps", CheckpointUnit.Steps), ("step", CheckpointUnit.Steps),
        ("minutes", CheckpointUnit.Minutes), ("minute", CheckpointUnit.Minutes), ("min", CheckpointUnit.Minutes),
    ];

    /// <summary>Often enough that at most a minute is lost, and seldom enough that at most 2 % of the time goes into writing.</summary>
    public static CheckpointInterval Automatic => new(1, CheckpointUnit.Automatic);

    /// <summary>After every so many epochs.</summary>
    public static CheckpointInterval Epochs(int amount) => new(amount, CheckpointUnit.Epochs);

    /// <summary>After every so many steps.</summary>
    public static CheckpointInterval Steps(int amount) => new(amount, CheckpointUnit.Steps);

    /// <summary>Whenever so many minutes have passed.</summary>
    public static CheckpointInterval Minutes(int amount) => new(amount, CheckpointUnit.Minutes);

    /// <inheritdoc/>
    public static CheckpointInterval Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out CheckpointInterval result) ? result : throw new FormatException($"'{s}' is no interval such as auto, 50, 500steps or 10min");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out CheckpointInterval result)
    {
        string text = s?.Trim() ?? "";
        if (text.Equals(AutomaticName, StringComparison.OrdinalIgnoreCase))
        {
            result = Automatic;
            return true;
        }
        (string suffix, CheckpointUnit unit) = Suffixes.FirstOrDefault(known => text.EndsWith(known.Suffix, StringComparison.OrdinalIgnoreCase), (Suffix: "", Unit: CheckpointUnit.Epochs));
        bool isNumber = int.TryParse(text[..^suffix.Length].TrimEnd(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int amount);
        result = new CheckpointInterval(amount, unit);
        return isNumber;
    }

    /// <summary>As it is written: auto, 50, 500steps, 10min.</summary>
    public override string ToString() => Unit switch
    {
        CheckpointUnit.Steps => $"{Amount}steps",
        CheckpointUnit.Minutes => $"{Amount}min",
        CheckpointUnit.Automatic => AutomaticName,
        _ => Amount.ToString(CultureInfo.InvariantCulture),
    };
}
