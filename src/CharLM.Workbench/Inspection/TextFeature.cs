namespace CharLM.Workbench.Inspection;

/// <summary>Something of a text that a unit may follow, as a number at each token.</summary>
/// <param name="Name">What it is, in words.</param>
/// <param name="Values">One a token.</param>
public sealed record TextFeature(string Name, IReadOnlyList<double> Values)
{
    /// <summary>
    /// The features that Karpathy et al. (2015) found units for: how far the line has come, quotes, how far the word has come;
    /// and where a line or a word ends next.
    /// </summary>
    /// <param name="tokens">The text, token by token.</param>
    /// <returns>Those that are not the same everywhere: only they can be followed.</returns>
    public static IReadOnlyList<TextFeature> Of(IReadOnlyList<string> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var line = new double[tokens.Count];
        var lineEnd = new double[tokens.Count];
        var quotes = new double[tokens.Count];
        var word = new double[tokens.Count];
        var wordEnd = new double[tokens.Count];
        int inLine = 0, inWord = 0;
        bool inQuotes = false;
        for (int i = 0; i < tokens.Count; i++)
        {
            string token = tokens[i], next = i + 1 < tokens.Count ? tokens[i + 1] : "";
            inLine = token == "\n" ? 0 : inLine + 1;
            inWord = IsOfWord(token) ? inWord + 1 : 0;
            inQuotes = token switch { "\"" => !inQuotes, "“" or "„" => true, "”" => false, _ => inQuotes };
            (line[i], word[i], quotes[i]) = (inLine, inWord, inQuotes ? 1 : 0);
            lineEnd[i] = next == "\n" ? 1 : 0;
            wordEnd[i] = inWord > 0 && next.Length > 0 && !IsOfWord(next) ? 1 : 0;
        }
        TextFeature[] all =
        [
            new("position in the line", line), new("a newline comes next", lineEnd), new("inside quotes", quotes),
            new("position in the word", word), new("the word ends here", wordEnd),
        ];
        return [.. all.Where(feature => feature.Values.Distinct().Skip(1).Any())];
    }

    private static bool IsOfWord(string token) => token.Length > 0 && char.IsLetterOrDigit(token, 0);
}
