namespace CharLM.Tokenization;

/// <summary>
/// Tokens and their ids: <c>&lt;unk&gt;</c> is 0, reserved tokens follow, then all others by falling frequency, ties in
/// order of first appearance (Dive into Deep Learning, "Text Preprocessing").
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class Vocab
{
    /// <summary>The token for everything that is not in the vocab.</summary>
    public const string Unknown = "<unk>";

    /// <summary>The token that ends a document, in the vocab of a text of documents (<see cref="DocumentKind"/>).</summary>
    public const string End = "<end>";

    /// <summary>The id of <see cref="Unknown"/>.</summary>
    public const int UnknownId = 0;

    private readonly string[] _tokens;
    private readonly long[] _frequencies;
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _idsBySpan;

    /// <summary>Builds a vocab from counted tokens.</summary>
    /// <param name="counts">Distinct tokens in order of first appearance.</param>
    /// <param name="minFreq">Rarer tokens are left out and read as <see cref="Unknown"/>; default 0, keep all.</param>
    /// <param name="reserved">Tokens that are included even if they do not occur, such as padding.</param>
    /// <exception cref="ArgumentException">A token occurs twice in <paramref name="reserved"/>.</exception>
    public Vocab(IEnumerable<TokenCount> counts, int minFreq = 0, IEnumerable<string>? reserved = null)
        : this(Order(counts, minFreq, reserved ?? []))
    {
    }

    private Vocab(IReadOnlyList<TokenCount> entries)
    {
        _tokens = [.. entries.Select(entry => entry.Token)];
        _frequencies = [.. entries.Select(entry => entry.Count)];
        _ids = new Dictionary<string, int>(_tokens.Length, StringComparer.Ordinal);
        for (int id = 0; id < _tokens.Length; id++)
        {
            if (!_ids.TryAdd(_tokens[id], id))
                throw new ArgumentException($"the token '{_tokens[id]}' stands in the vocab twice, as {_ids[_tokens[id]]} and {id}");
        }
        _idsBySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The number of tokens, including <see cref="Unknown"/>.</summary>
    public int Count => _tokens.Length;

    /// <summary>All tokens in order of their ids.</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    /// <summary>The occurrences of each token in the text that the vocab was built from, in order of their ids.</summary>
    public IReadOnlyList<long> Frequencies => _frequencies;

    /// <summary>The token of an id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not 0 to <see cref="Count"/> - 1.</exception>
    public string this[int id] => (uint)id < (uint)_tokens.Length
        ? _tokens[id]
        : throw new ArgumentOutOfRangeException(nameof(id), id, $"token ids are 0 to {_tokens.Length - 1}");

    /// <summary>The id of a token, or <see cref="UnknownId"/> if it is not in the vocab.</summary>
    public int this[string token] => _ids.GetValueOrDefault(token, UnknownId);

    /// <summary>The tokens of ids.</summary>
    public IReadOnlyList<string> this[IEnumerable<int> ids] => [.. ids.Select(id => this[id])];

    /// <summary>The ids of tokens.</summary>
    public IReadOnlyList<int> this[IEnumerable<string> tokens] => [.. tokens.Select(token => this[token])];

    /// <summary>Creates a vocab with exactly this order of ids, as stored in a checkpoint.</summary>
    /// <exception cref="ArgumentException">The first token is not <see cref="Unknown"/>, or a token occurs twice.</exception>
    public static Vocab Restore(IReadOnlyList<string> tokens, IReadOnlyList<long>? frequencies = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.Count == 0 || tokens[UnknownId] != Unknown)
            throw new ArgumentException(
                $"the first token of a vocab is {Unknown}, not {(tokens.Count == 0 ? "missing" : $"'{tokens[0]}'")}");
        if (frequencies is not null && frequencies.Count != tokens.Count)
            throw new ArgumentException($"{tokens.Count} tokens have {frequencies.Count} frequencies");
        return new Vocab([.. tokens.Select((token, id) => new TokenCount(token, frequencies?[id] ?? 0))]);
    }

    /// <summary>
    /// Appends the tokens of another text that this vocab lacks, by falling frequency; returns this vocab if it lacks none.
    /// </summary>
    /// <param name="counts">The other text's distinct tokens in order of first appearance.</param>
    /// <param name="minFreq">Rarer tokens are left out and read as <see cref="Unknown"/>; default 0, keep all.</param>
    public Vocab Extend(IEnumerable<TokenCount> counts, int minFreq = 0)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentOutOfRangeException.ThrowIfNegative(minFreq);
        TokenCount[] added = [.. counts.Where(count => count.Count >= minFreq && !_ids.ContainsKey(count.Token))
            .OrderByDescending(count => count.Count)];
        return added.Length == 0 ? this
            : new Vocab([.. _tokens.Zip(_frequencies, (token, count) => new TokenCount(token, count)), .. added]);
    }

    /// <summary>The id of a token, or <see cref="UnknownId"/> if it is not in the vocab.</summary>
    public int IdOf(ReadOnlySpan<char> token) => _idsBySpan.TryGetValue(token, out int id) ? id : UnknownId;

    private static List<TokenCount> Order(IEnumerable<TokenCount> counts, int minFreq, IEnumerable<string> reserved)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(minFreq);
        // Ids are assigned by falling frequency; OrderBy is stable, so ties stay in order of first appearance.
        List<TokenCount> byFrequency = [.. counts.OrderByDescending(count => count.Count)];
        List<string> first = [Unknown, .. reserved];
        var entries = first.ConvertAll(
            token => byFrequency.Find(count => count.Token == token) is { Token: not null } found ? found : new TokenCount(token, 0));
        HashSet<string> placed = [.. first];
        entries.AddRange(byFrequency.Where(count => count.Count >= minFreq && !placed.Contains(count.Token)));
        return entries;
    }
}

/// <summary>How often a token occurs.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Token">The token.</param>
/// <param name="Count">Its occurrences, 1 or more.</param>
public readonly record struct TokenCount(string Token, long Count);
