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

    /// <summary>Refuses what nobody asked for, after all options have been asked for.</summary>
    /// <exception cref="FormatException">There is such a word.</exception>
    public void RefuseOthers()
    {
        if (words.FirstOrDefault(word => !_known.Contains(word)) is { } other)
            throw new FormatException($"unknown option {other}: {string.Join(' ', _known.Where(word => word.StartsWith('-')))}");
    }
}
