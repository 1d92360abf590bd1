using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace CharLM.Workbench.Runs;

/// <summary>The interval between checkpoints: a number of epochs, steps or minutes; 0 to write only at the end; or automatic.</summary>
/// <param name="Amount">The number of units; 1 for <see cref="CheckpointUnit.Automatic"/>.</param>
/// <param name="Unit">The unit.</param>
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

    /// <summary>Limits lost work to a minute and the time for writing to 2 %.</summary>
    public static CheckpointInterval Automatic => new(1, CheckpointUnit.Automatic);

    /// <summary>An interval in epochs.</summary>
    public static CheckpointInterval Epochs(int amount) => new(amount, CheckpointUnit.Epochs);

    /// <summary>An interval in steps.</summary>
    public static CheckpointInterval Steps(int amount) => new(amount, CheckpointUnit.Steps);

    /// <summary>An interval in minutes.</summary>
    public static CheckpointInterval Minutes(int amount) => new(amount, CheckpointUnit.Minutes);

    /// <inheritdoc/>
    public static CheckpointInterval Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out CheckpointInterval result) ? result
            : throw new FormatException($"'{s}' is not an interval such as auto, 50, 500steps or 10min");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out CheckpointInterval result)
    {
        string text = s?.Trim() ?? "";
        if (text.Equals(AutomaticName, StringComparison.OrdinalIgnoreCase))
        {
            result = Automatic;
            return true;
        }
        (string suffix, CheckpointUnit unit) = Suffixes.FirstOrDefault(
            known => text.EndsWith(known.Suffix, StringComparison.OrdinalIgnoreCase), (Suffix: "", Unit: CheckpointUnit.Epochs));
        bool isNumber = int.TryParse(
            text[..^suffix.Length].TrimEnd(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int amount);
        result = new CheckpointInterval(amount, unit);
        return isNumber;
    }

    /// <summary>The form in files and options: auto, 50, 500steps, 10min.</summary>
    public override string ToString() => Unit switch
    {
        CheckpointUnit.Steps => $"{Amount}steps",
        CheckpointUnit.Minutes => $"{Amount}min",
        CheckpointUnit.Automatic => AutomaticName,
        _ => Amount.ToString(CultureInfo.InvariantCulture),
    };
}

/// <summary>The unit of the interval between checkpoints.</summary>
public enum CheckpointUnit
{
    /// <summary>Passes over the text.</summary>
    Epochs,

    /// <summary>Minibatches.</summary>
    Steps,

    /// <summary>Minutes of training.</summary>
    Minutes,

    /// <summary>
    /// Automatic: about every 50 seconds, so that at most a minute of work is lost; less often if writing would take more than 2 % of the
    /// time.
    /// </summary>
    Automatic,
}
