namespace CharLM.Generation;

/// <summary>Which tokens stand in the last part of a text.</summary>
internal sealed class RecentTokens
{
    /// <summary>The most tokens that a window may have.</summary>
    public const int MaxWindow = 100_000;

    private readonly int[] _window;
    private readonly bool _isAll;
    private int[] _counts = [];
    private long _read;

    /// <summary>An empty text.</summary>
    /// <param name="window">How many tokens count; 0: all.</param>
    public RecentTokens(int window) => (_window, _isAll) = (new int[window], window == 0);

    /// <summary>Whether a token is among them.</summary>
    public bool Contains(int token) => token < _counts.Length && _counts[token] > 0;

    /// <summary>The text goes on.</summary>
    public void Add(int token)
    {
        if (token >= _counts.Length)
            Array.Resize(ref _counts, Math.Max(token + 1, 2 * _counts.Length));
        _counts[token]++;
        if (_isAll)
            return;
        int place = (int)(_read++ % _window.Length);
        if (_read > _window.Length)
            _counts[_window[place]]--;
        _window[place] = token;
    }

    /// <summary>The text is empty again.</summary>
    public void Clear()
    {
        Array.Clear(_counts);
        _read = 0;
    }
}
