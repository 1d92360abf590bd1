namespace CharLM.Generation;

/// <summary>
/// Ends a text before its first stop string while it is being written: a possible beginning of one is held back until later pieces
/// decide.
/// </summary>
internal sealed class StopStrings
{
    private readonly string[] _stops;
    private readonly char[] _beginnings;
    private readonly int _longest;

    /// <summary>A set of stop strings.</summary>
    /// <param name="stops">The strings, none of them empty.</param>
    public StopStrings(IReadOnlyList<string> stops)
    {
        _stops = [.. stops];
        _beginnings = [.. stops.Select(stop => stop[0]).Distinct()];
        _longest = _stops.Length == 0 ? 0 : _stops.Max(stop => stop.Length);
    }

    /// <summary>Processes the next piece of a text.</summary>
    /// <param name="held">The text held back; updated.</param>
    /// <param name="piece">The piece.</param>
    /// <param name="isMet">Receives whether a stop string ends the text.</param>
    /// <returns>The text that is now final.</returns>
    public string Pass(ref string held, string piece, out bool isMet)
    {
        isMet = false;
        if (held.Length == 0 && piece.AsSpan().IndexOfAny(_beginnings) < 0)
            return piece;
        string text = held + piece;
        if (EndOf(text) is { } end)
        {
            (held, isMet) = ("", true);
            return text[..end];
        }
        int kept = text.Length - Math.Min(text.Length, _longest - 1);
        while (kept < text.Length && !Array.Exists(_stops, stop => stop.AsSpan().StartsWith(text.AsSpan(kept))))
            kept++;
        held = text[kept..];
        return text[..kept];
    }

    // Where the first completed stop string begins, as if the text arrived character by character.
    private int? EndOf(string text)
    {
        (int Begin, int End)? first = null;
        foreach (string stop in _stops)
        {
            int begin = text.IndexOf(stop, StringComparison.Ordinal), end = begin + stop.Length;
            if (begin >= 0 && (first is not { } other || end < other.End || (end == other.End && begin < other.Begin)))
                first = (begin, end);
        }
        return first?.Begin;
    }
}
