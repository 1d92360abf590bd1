using System.Text;
using CharLM.Tokenization;

namespace CharLM.Generation.Constraints;

/// <summary>
/// Determines which tokens may come next so that a text matches an expression: the automaton's states between tokens, the state after
/// each token, and each state's distance from a match in tokens (Willard and Louf 2023).
/// </summary>
/// <remarks>
/// The text is the continuation of a prefix; the tokenizer's separator stands between its tokens, but not before the first or after the
/// last. A model has no end token, so a text continues as long as some token may follow.
/// </remarks>
internal sealed class TokenConstraint
{
    /// <summary>The state before the first token.</summary>
    public const int Start = 0;

    private const int MostTransitions = 1 << 24;
    private const int Never = int.MaxValue;

    // States between tokens. The one before the first token is separate, since no separator follows it.
    private readonly List<int> _automatonStates = [];
    private readonly Dictionary<int, int> _states = [];
    private readonly List<int[]> _next = [];
    private readonly Automaton _automaton;
    private readonly int[][] _tokens;
    private readonly int[] _separator;
    private readonly int[] _left, _leftAfterNext;

    private TokenConstraint(Expression expression, Vocab vocab, string separator, ReadOnlySpan<int> reserved)
    {
        _automaton = new Automaton(expression, vocab.Tokens.Append(separator).SelectMany(token => token.EnumerateRunes()));
        _separator = Classes(separator);
        _tokens = [.. vocab.Tokens.Select(Classes)];
        foreach (int token in (ReadOnlySpan<int>)[Vocab.UnknownId, .. reserved])
            _tokens[token] = [Automaton.Dead];
        _automatonStates.Add(Automaton.Start);
        for (int state = 0; state < _automatonStates.Count; state++)
            _next.Add(Transitions(state));
        _left = Distances();
        _leftAfterNext = [.. _next.Select(next => next.Min(after => after < 0 ? Never : _left[after]))];
    }

    /// <summary>Tokens of the shortest match.</summary>
    public int ShortestMatch => _left[Start];

    /// <summary>Creates the constraint of an expression.</summary>
    /// <param name="pattern">The expression, in the syntax of <see cref="ExpressionParser"/>.</param>
    /// <param name="vocab">The tokens.</param>
    /// <param name="separator">The separator between two tokens.</param>
    /// <param name="length">The maximum tokens of a text.</param>
    /// <param name="reserved">Tokens that are never written, beside the unknown one; default none.</param>
    /// <exception cref="InvalidConfigException">It is invalid or too large, or no text of these tokens matches it.</exception>
    public static TokenConstraint Create(string pattern, Vocab vocab, string separator, int length, ReadOnlySpan<int> reserved = default)
    {
        TokenConstraint constraint;
        try
        {
            constraint = new TokenConstraint(ExpressionParser.Parse(pattern), vocab, separator, reserved);
        }
        catch (FormatException e)
        {
            throw new InvalidConfigException([$"constrain '{pattern}' {e.Message}"]);
        }
        InvalidConfigException.ThrowIfAny(constraint.Errors(pattern, length));
        return constraint;
    }

    /// <summary>The state after an allowed token.</summary>
    public int Next(int state, int token) => _next[state][token];

    /// <summary>Whether a text that leads to a state matches.</summary>
    public bool Matches(int state) => _left[state] == 0;

    /// <summary>Whether some token may follow that still allows a match within the remaining tokens.</summary>
    /// <param name="state">The state.</param>
    /// <param name="tokensLeft">The number of remaining tokens.</param>
    public bool Continues(int state, int tokensLeft) => _leftAfterNext[state] < tokensLeft;

    /// <summary>Sets the logits of tokens that rule out a match within the remaining tokens to minus infinity.</summary>
    /// <param name="state">The state.</param>
    /// <param name="tokensLeft">The number of remaining tokens.</param>
    /// <param name="logits">One value per token.</param>
    public void Mask(int state, int tokensLeft, Span<float> logits)
    {
        ReadOnlySpan<int> next = _next[state];
        for (int token = 0; token < logits.Length; token++)
        {
            if (next[token] < 0 || _left[next[token]] >= tokensLeft)
                logits[token] = float.NegativeInfinity;
        }
    }

    private IEnumerable<string> Errors(string pattern, int length)
    {
        if (ShortestMatch == Never)
            yield return $"constrain '{pattern}' matches nothing that this model can write: no text of its {_tokens.Length} tokens";
        else if (_leftAfterNext[Start] == Never)
            yield return $"constrain '{pattern}' matches nothing that this model can write except the empty text";
        else if (_leftAfterNext[Start] >= length)
            yield return $"constrain '{pattern}' needs at least {_leftAfterNext[Start] + 1} tokens, and length is {length}";
    }

    private int[] Classes(string text) => [.. text.EnumerateRunes().Select(_automaton.ClassOf)];

    private int[] Transitions(int state)
    {
        if ((long)(state + 1) * _tokens.Length > MostTransitions)
            throw new FormatException($"is too large for a vocab of {_tokens.Length} tokens");
        int begin = _automatonStates[state];
        if (state != Start)
            begin = Read(begin, _separator);
        var next = new int[_tokens.Length];
        for (int token = 0; token < next.Length; token++)
        {
            int after = Read(begin, _tokens[token]);
            next[token] = after == Automaton.Dead ? Automaton.Dead : StateOf(after);
        }
        return next;
    }

    private int Read(int state, int[] classes)
    {
        for (int i = 0; i < classes.Length && state != Automaton.Dead; i++)
            state = _automaton.Next(state, classes[i]);
        return state;
    }

    private int StateOf(int automatonState)
    {
        if (!_states.TryGetValue(automatonState, out int state))
        {
            _states.Add(automatonState, state = _automatonStates.Count);
            _automatonStates.Add(automatonState);
        }
        return state;
    }

    // Breadth-first search backwards from the matching states.
    private int[] Distances()
    {
        var before = new List<int>[_next.Count];
        for (int state = 0; state < before.Length; state++)
            before[state] = [];
        for (int state = 0; state < before.Length; state++)
        {
            foreach (int after in _next[state].Where(after => after >= 0).Distinct())
                before[after].Add(state);
        }
        var left = new int[_next.Count];
        Array.Fill(left, Never);
        var queue = new Queue<int>();
        for (int state = 0; state < left.Length; state++)
        {
            if (!_automaton.Accepts(_automatonStates[state]))
                continue;
            left[state] = 0;
            queue.Enqueue(state);
        }
        while (queue.TryDequeue(out int state))
        {
            foreach (int earlier in before[state].Where(earlier => left[earlier] == Never))
            {
                left[earlier] = left[state] + 1;
                queue.Enqueue(earlier);
            }
        }
        return left;
    }
}
