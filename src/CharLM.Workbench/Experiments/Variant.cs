namespace CharLM.Workbench.Experiments;

/// <summary>What one variant changes of the base.</summary>
/// <param name="Name">The name that the file gives it; null: it is called after its settings.</param>
/// <param name="Overrides">Its settings: those of its entry in the list, then one value of each axis of the grid.</param>
/// <param name="NumListed">How many of them are the entry's.</param>
/// <param name="Line">Where it stands, from 1.</param>
internal sealed record Variant(string? Name, IReadOnlyList<Override> Overrides, int NumListed, long Line)
{
    private const int LongestValue = 40;

    // What a name already says needs no saying again.
    private IEnumerable<Override> Told => Overrides.Skip(Name is null ? 0 : NumListed);

    /// <summary>In words: "lstm, num_layers 2".</summary>
    public string Label
    {
        get
        {
            string[] parts = [.. Name is null ? Array.Empty<string>() : [Name], .. Told.Select(setting => $"{setting.Name} {setting.Text}")];
            return parts.Length == 0 ? "base" : string.Join(", ", parts);
        }
    }

    /// <summary>As a part of a file name: "lstm_num-layers-2"; empty when nothing is changed.</summary>
    public string Slug => string.Join('_', [.. Name is null ? Array.Empty<string>() : [Name], .. Told.Select(setting => $"{FileWord(setting.Name)}-{FileWord(setting.Text)}")]);

    // Letters, digits, dots and hyphens go anywhere.
    private static string FileWord(string text)
    {
        string word = string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '-'));
        return word.Length > LongestValue ? word[..LongestValue] : word;
    }
}
