namespace CharLM.Training;

/// <summary>Selects the weights to freeze during training, by the names of a model's parts.</summary>
/// <remarks>
/// A part is a weight (<c>linear.bias</c>), a prefix of weights' names up to a dot or underscore (<c>embedding</c>, <c>rnn</c>,
/// <c>encoder.l0</c>, <c>rnn.weight_ih</c>), or a layer of a module in both directions (<c>rnn.l0</c>).
/// </remarks>
internal static class FrozenParts
{
    /// <summary>The parts that a configuration names.</summary>
    public static string[] Named(string? freeze) => freeze?.Split(',', StringSplitOptions.TrimEntries) ?? [];

    /// <summary>The weights of some parts.</summary>
    /// <param name="freeze">Names of parts, separated by commas; null: none.</param>
    /// <param name="weights">The names of all weights.</param>
    public static HashSet<string> Of(string? freeze, IEnumerable<string> weights)
    {
        string[] parts = Named(freeze);
        return [.. weights.Where(weight => parts.Any(part => Has(part, weight)))];
    }

    /// <summary>Every error of the parts to freeze; empty when there is none.</summary>
    /// <inheritdoc cref="Of"/>
    public static IEnumerable<string> Errors(string? freeze, IReadOnlyCollection<string> weights)
    {
        string[] parts = Named(freeze);
        string[] unknown = [.. parts.Where(part => part.Length > 0 && !weights.Any(weight => Has(part, weight)))];
        if (unknown.Length > 0)
            yield return $"freeze names parts that the model lacks, {string.Join(", ", unknown.Select(part => $"'{part}'"))}: its parts "
                + $"are {string.Join(", ", PartsOf(weights))}, and each weight by its full name, such as {weights.First()}";
        if (freeze is not null && unknown.Length == 0 && Of(freeze, weights).Count == weights.Count)
            yield return $"freeze {freeze} leaves nothing to train: all weights of the model are frozen";
    }

    private static bool Has(string part, string weight) => part.Length > 0
        && (weight == part || (weight.StartsWith(part, StringComparison.Ordinal) && weight[part.Length] is '.' or '_')
            || LayerOf(weight) == part);

    // rnn.l0 of rnn.weight_ih_l0 and of rnn.weight_ih_l0_reverse.
    private static string? LayerOf(string weight)
    {
        const string Reverse = "_reverse";
        string name = weight.EndsWith(Reverse, StringComparison.Ordinal) ? weight[..^Reverse.Length] : weight;
        int dot = name.LastIndexOf('.'), layer = name.LastIndexOf("_l", StringComparison.Ordinal);
        return dot >= 0 && layer > dot && int.TryParse(name.AsSpan(layer + 2), out _) ? $"{name[..dot]}.{name[(layer + 1)..]}" : null;
    }

    private static IEnumerable<string> PartsOf(IEnumerable<string> weights) => weights.Select(
        weight => LayerOf(weight) ?? (weight.LastIndexOf('.') is > 0 and var dot ? weight[..dot] : weight)).Distinct();
}
