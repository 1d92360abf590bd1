namespace CharLM.Workbench.Inspection;

/// <summary>A feature of a text that a unit may follow, as a number at each token.</summary>
/// <param name="Name">Its description.</param>
/// <param name="Values">One value per token.</param>
public sealed record TextFeature(string Name, IReadOnlyList<double> Values)
{
    /// <summary>
    /// The features for which Karpathy et al. (2015) found units: position in the line, quotes, position in the word; and where a line or a
    /// word ends next.
    /// </summary>
    /// <param name="tokens">The text, token by token.</param>
    /// <returns>The features that vary over the text; constant ones cannot be followed.</returns>
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

/// <summary>How well a unit follows a feature of the text.</summary>
/// <param name="Series">The index of the series: a part of a layer.</param>
/// <param name="Unit">The unit.</param>
/// <param name="Correlation">Pearson's correlation over the tokens, in [-1, 1].</param>
public readonly record struct UnitRank(int Series, int Unit, double Correlation)
{
    /// <summary>The units that follow a feature best, by absolute correlation.</summary>
    /// <param name="series">All units.</param>
    /// <param name="feature">The feature.</param>
    /// <param name="most">The number of units to return.</param>
    public static IReadOnlyList<UnitRank> Best(IReadOnlyList<ActivationSeries> series, TextFeature feature, int most)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentNullException.ThrowIfNull(feature);
        var ranks = new List<UnitRank>();
        for (int index = 0; index < series.Count; index++)
        {
            for (int unit = 0; unit < series[index].Units; unit++)
                ranks.Add(new UnitRank(index, unit, Correlate(series[index].Unit(unit), feature.Values)));
        }
        return [.. ranks.OrderByDescending(rank => Math.Abs(rank.Correlation)).Take(most)];
    }

    // 0 for a constant unit.
    private static double Correlate(float[] values, IReadOnlyList<double> feature)
    {
        double meanValue = values.Average(value => (double)value), meanFeature = feature.Average();
        double both = 0, ofValue = 0, ofFeature = 0;
        for (int i = 0; i < values.Length; i++)
        {
            (double value, double wanted) = (values[i] - meanValue, feature[i] - meanFeature);
            both += value * wanted;
            ofValue += value * value;
            ofFeature += wanted * wanted;
        }
        double scale = Math.Sqrt(ofValue * ofFeature);
        return scale > 0 ? both / scale : 0;
    }
}
