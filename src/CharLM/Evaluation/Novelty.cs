namespace CharLM.Evaluation;

/// <summary>How much of a generated text is copied from the text that its model was trained on.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="LongestBegin">Where the longest copied passage begins in the generated text, in tokens.</param>
/// <param name="LongestLength">Tokens of the longest passage that also occurs in the training text; 0 when not even one token does.</param>
/// <param name="CopiedShare">
/// The share of the generated text's <see cref="GramLength"/>-grams that also occur in the training text, 0 to 1; null when the
/// generated text is shorter than one.
/// </param>
public sealed record Novelty(int LongestBegin, int LongestLength, double? CopiedShare)
{
    /// <summary>Tokens of the passages that <see cref="CopiedShare"/> counts.</summary>
    public const int GramLength = 8;
}

/// <summary>
/// Finds what a generated text copies from a training text of any length, in one pass over it: the suffix automaton of the generated text
/// (Blumer et al. 1985) follows the training text and knows at each position the longest passage that ends there and occurs in both.
/// </summary>
/// <remarks>Thread safety: one thread at a time. Memory: about 500 bytes per generated token, none per training token.</remarks>
public sealed class NoveltyMeter
{
    private readonly ReadOnlyMemory<int> _generated;
    private readonly State _root = new(0, 0, null, []);
    private State _at;
    private int _length, _longest, _longestEnd;

    /// <summary>A meter that has read no training text yet.</summary>
    /// <param name="generated">Ids of the generated text.</param>
    public NoveltyMeter(ReadOnlyMemory<int> generated)
    {
        (_generated, _at) = (generated, _root);
        State last = _root;
        for (int i = 0; i < generated.Length; i++)
            last = Extend(last, generated.Span[i], i + 1);
    }

    /// <summary>Reads the next part of the training text.</summary>
    /// <param name="training">Ids of the same vocab; they continue those of the previous call.</param>
    public void Read(ReadOnlySpan<int> training)
    {
        foreach (int token in training)
        {
            State? next;
            while (!_at.Next.TryGetValue(token, out next) && _at.Link is { } shorter)
                (_at, _length) = (shorter, shorter.Length);
            (_at, _length) = next is null ? (_root, 0) : (next, _length + 1);
            if (_length > _longest)
                (_longest, _longestEnd) = (_length, _at.End);
            if (_length >= Novelty.GramLength)
                _at.LastGram.IsCopied = true;
        }
    }

    /// <summary>The copies found so far.</summary>
    public Novelty Result()
    {
        int copied = 0;
        State state = _root;
        for (int i = 0; i < _generated.Length; i++)
        {
            state = state.Next[_generated.Span[i]];
            copied += state.Length >= Novelty.GramLength && state.LastGram.IsCopied ? 1 : 0;
        }
        int grams = _generated.Length - Novelty.GramLength + 1;
        return new Novelty(_longestEnd - _longest, _longest, grams > 0 ? (double)copied / grams : null);
    }

    // Appends a token: returns the state of the whole prefix, linked to that of its longest suffix that occurred before.
    private State Extend(State last, int token, int end)
    {
        var added = new State(last.Length + 1, end, _root, []);
        State? from = last;
        for (; from is not null && from.Next.TryAdd(token, added); from = from.Link)
        {
        }
        if (from is null)
            return added;
        State met = from.Next[token];
        added.Link = met.Length == from.Length + 1 ? met : Split(met, from, token);
        return added;
    }

    // The shorter passages of a state now end at one more position than the longer ones, so the state is split.
    private static State Split(State met, State from, int token)
    {
        var shorter = new State(from.Length + 1, met.End, met.Link, new(met.Next));
        met.Link = shorter;
        for (State? state = from; state is not null && state.Next.GetValueOrDefault(token) == met; state = state.Link)
            state.Next[token] = shorter;
        return shorter;
    }

    // The passages that end at the same positions: the longest has Length tokens; Link holds their shorter suffixes.
    private sealed class State(int length, int end, State? link, Dictionary<int, State> next)
    {
        public int Length { get; } = length;

        public int End { get; } = end;

        public State? Link { get; set; } = link;

        public Dictionary<int, State> Next { get; } = next;

        public bool IsCopied { get; set; }

        // The state of the last GramLength tokens of these passages.
        public State LastGram
        {
            get
            {
                State state = this;
                while (state.Link is { Length: >= Novelty.GramLength } shorter)
                    state = shorter;
                return state;
            }
        }
    }
}
