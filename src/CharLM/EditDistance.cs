namespace CharLM;

/// <summary>How many characters to add, remove, change or swap with their neighbour to turn one name into another.</summary>
internal static class EditDistance
{
    /// <summary>The nearest candidate, the first one on a tie; null when more than half of it would have to change.</summary>
    public static string? Nearest(string name, IReadOnlyList<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(name);
        string lower = name.ToLowerInvariant();
        string? nearest = candidates.MinBy(candidate => Between(lower, candidate));
        return nearest is not null && 2 * Between(lower, nearest) <= nearest.Length ? nearest : null;
    }

    /// <summary>Optimal string alignment: Levenshtein's recurrence plus swaps of neighbours, the most common typing error.</summary>
    public static int Between(string a, string b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        var d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
            d[i, 0] = i;
        for (int j = 0; j <= b.Length; j++)
            d[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int change = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(change, 1 + Math.Min(d[i - 1, j], d[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}
