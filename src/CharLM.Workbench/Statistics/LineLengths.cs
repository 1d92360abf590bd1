namespace CharLM.Workbench.Statistics;

/// <summary>The lengths of a text's lines in characters, without their ends: LF, CRLF or CR.</summary>
internal sealed class LineLengths
{
    // A text of n characters has lines of fewer than the square root of 2 n different lengths.
    private readonly SortedDictionary<long, long> _counts = [];
    private long _length;
    private bool _afterReturn, _begun;

    /// <summary>How many lines there are; one without an end counts if it has a character.</summary>
    public long Count { get; private set; }

    /// <summary>How many of them have no character.</summary>
    public long Empty => _counts.GetValueOrDefault(0);

    /// <summary>Their mean length; 0 if there is none.</summary>
    public double Mean => Count == 0 ? 0 : _counts.Sum(pair => (double)pair.Key * pair.Value) / Count;

    /// <summary>The longest.</summary>
    public long Longest => _counts.Count == 0 ? 0 : _counts.Keys.Last();

    /// <summary>The different lengths in ascending order, with the number of lines.</summary>
    public IReadOnlyCollection<KeyValuePair<long, long>> Counts => _counts;

    /// <summary>Reads the next part of the text.</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (_afterReturn && text[0] == '\n')
            {
                _afterReturn = false;
                text = text[1..];
                continue;
            }
            _afterReturn = false;
            int end = text.IndexOfAny('\n', '\r');
            ReadOnlySpan<char> line = end < 0 ? text : text[..end];
            _length += line.Length - LowSurrogates(line);
            _begun |= !line.IsEmpty;
            if (end < 0)
                return;
            EndLine();
            _afterReturn = text[end] == '\r';
            text = text[(end + 1)..];
        }
    }

    /// <summary>Ends the text.</summary>
    public void End()
    {
        if (_begun)
            EndLine();
    }

    /// <summary>The length that a share of the lines do not exceed (nearest rank); 0 if there is no line.</summary>
    public long Quantile(double share)
    {
        long rank = Math.Max(1, (long)Math.Ceiling(share * Count)), seen = 0;
        foreach ((long length, long count) in _counts)
        {
            seen += count;
            if (seen >= rank)
                return length;
        }
        return 0;
    }

    private static int LowSurrogates(ReadOnlySpan<char> line)
    {
        int count = 0;
        for (int at; (at = line.IndexOfAnyInRange('\udc00', '\udfff')) >= 0; line = line[(at + 1)..])
            count++;
        return count;
    }

    private void EndLine()
    {
        _counts[_length] = _counts.GetValueOrDefault(_length) + 1;
        Count++;
        (_length, _begun) = (0, false);
    }
}
