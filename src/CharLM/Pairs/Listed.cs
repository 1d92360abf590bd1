using CharLM.Tokenization;

namespace CharLM.Pairs;

/// <summary>Lists for error messages.</summary>
internal static class Listed
{
    private const int Most = 10;

    /// <summary>The first tokens in quotes, and whether there are more.</summary>
    public static string Quoted(IEnumerable<TokenCount> tokens) => Some(tokens.Select(count => $"'{count.Token}'"));

    /// <summary>The first names, and whether there are more.</summary>
    public static string Some(IEnumerable<string> names)
    {
        List<string> first = [.. names.Take(Most + 1)];
        return first.Count > Most ? string.Join(", ", first.Take(Most)) + ", ..." : string.Join(", ", first);
    }
}
