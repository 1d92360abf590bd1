using System.Globalization;

namespace CharLM.Figures;

/// <summary>The words after a script's name.</summary>
internal sealed class Arguments(string[] words)
{
    private readonly HashSet<string> _known = [];

    /// <summary>Whether an option is there.</summary>
    /// <param name="option">The option.</param>
    public bool Has(string option)
    {
        _known.Add(option);
        return words.Contains(option);
    }

    /// <summary>The number after an option.</summary>
    /// <param name="option">The option.</param>
    /// <param name="fallback">What it is if the option is not there.</param>
    /// <exception cref="FormatException">No positive number follows it.</exception>
    public int Number(string option, int fallback)
    {
        _known.Add(option);
        int place = Array.IndexOf(words, option);
        if (place < 0)
            return fallback;
        string after = place + 1 < words.Length ? words[place + 1] : "";
        if (!int.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number == 0)
            throw new FormatException($"{option} needs a number from 1");
        _known.Add(after);
        return number;
    }

    /// <summary>The words that are no options, each one of some names; asked for after all options, and refuses any other word.</summary>
    /// <param name="what">What the names are of.</param>
    /// <param name="names">The names.</param>
    /// <exception cref="FormatException">A word is none of them.</exception>
    public string[] OneOf(string what, string[] names)
    {
        string[] chosen = [.. words.Where(word => !_known.Contains(word) && !word.StartsWith('-'))];
        if (chosen.FirstOrDefault(word => !names.Contains(word)) is { } other)
            throw new FormatException($"there is no {what} {other}: {string.Join(", ", names)}");
        _known.UnionWith(chosen);
        RefuseOthers();
        return chosen;
    }

    /// <summary>Refuses what nobody asked for, after all options have been asked for.</summary>
    /// <exception cref="FormatException">There is such a word.</exception>
    public void RefuseOthers()
    {
        if (words.FirstOrDefault(word => !_known.Contains(word)) is { } other)
            throw new FormatException($"unknown option {other}: {string.Join(' ', _known.Where(word => word.StartsWith('-')))}");
    }
}
