using System.Numerics;
using System.Text;

namespace CharLM.Generation.Constraints;

/// <summary>
/// The deterministic automaton of an expression over the characters of a vocab. Its states are sets of positions of the expression that
/// may have matched the last character (Glushkov 1961, McNaughton and Yamada 1960), and are created when first reached.
/// </summary>
internal sealed class Automaton
{
    /// <summary>The state before the first character.</summary>
    public const int Start = 0;

    /// <summary>No state: no text with this beginning matches.</summary>
    public const int Dead = -1;

    private const int MostPositions = 4_000, MostStates = 20_000;
    private const int Unmade = -2;

    private readonly Dictionary<Rune, int> _classes = [];
    private readonly List<PositionSet> _classMembers = [];
    private readonly List<Func<Rune, bool>> _positions = [];
    private readonly List<PositionSet> _follow = [];
    private readonly int _count;

    private readonly Dictionary<PositionSet, int> _states = [];
    private readonly List<PositionSet> _reach = [];
    private readonly List<bool> _accepts = [];
    private readonly List<int[]> _next = [];
    private readonly PositionSet _last;

    /// <summary>An automaton.</summary>
    /// <param name="expression">The expression.</param>
    /// <param name="characters">The characters that it will read.</param>
    /// <exception cref="FormatException">The expression is too large.</exception>
    public Automaton(Expression expression, IEnumerable<Rune> characters)
    {
        ArgumentNullException.ThrowIfNull(expression);
        if (expression.Positions > MostPositions)
            throw new FormatException($"is too large: with its repetitions written out it has more than {MostPositions} characters");
        _count = (int)expression.Positions;
        Part whole = Build(expression);
        Classify(characters);
        _last = whole.Last;
        // The start state, before any position was read, is not a set of positions.
        AddState(whole.First, whole.IsNullable);
    }

    /// <summary>
    /// The class of a character, whose members the expression does not distinguish; <see cref="Dead"/> for characters that cannot match.
    /// </summary>
    public int ClassOf(Rune character) => _classes.GetValueOrDefault(character, Dead);

    /// <summary>Whether a text that leads to a state matches.</summary>
    public bool Accepts(int state) => _accepts[state];

    /// <summary>The state after one more character.</summary>
    /// <exception cref="FormatException">There are too many states.</exception>
    public int Next(int state, int characterClass)
    {
        if (characterClass < 0)
            return Dead;
        int next = _next[state][characterClass];
        return next != Unmade ? next : _next[state][characterClass] = Make(_reach[state].And(_classMembers[characterClass]));
    }

    private int Make(PositionSet read)
    {
        if (read.IsEmpty)
            return Dead;
        if (_states.TryGetValue(read, out int state))
            return state;
        if (_accepts.Count == MostStates)
            throw new FormatException($"is too large: its automaton has more than {MostStates} states");
        var reach = new PositionSet(_count);
        foreach (int position in read.Each())
            reach.Add(_follow[position]);
        _states.Add(read, _accepts.Count);
        return AddState(reach, read.Meets(_last));
    }

    private int AddState(PositionSet reach, bool accepts)
    {
        _reach.Add(reach);
        _accepts.Add(accepts);
        var next = new int[_classMembers.Count];
        Array.Fill(next, Unmade);
        _next.Add(next);
        return _next.Count - 1;
    }

    private void Classify(IEnumerable<Rune> characters)
    {
        var classes = new Dictionary<PositionSet, int>();
        foreach (Rune character in characters.Distinct())
        {
            var members = new PositionSet(_count);
            for (int position = 0; position < _positions.Count; position++)
            {
                if (_positions[position](character))
                    members.Add(position);
            }
            if (members.IsEmpty)
                continue;
            if (!classes.TryGetValue(members, out int found))
            {
                classes.Add(members, found = _classMembers.Count);
                _classMembers.Add(members);
            }
            _classes.Add(character, found);
        }
    }

    // Positions are numbered from left to right; every copy of a repeated part has its own.
    private Part Build(Expression expression) => expression switch
    {
        Expression.One one => BuildOne(one),
        Expression.Sequence sequence => sequence.Parts.Select(Build).Aggregate(Nothing(), Then),
        Expression.Choice choice =>
            choice.Branches.Select(Build)
                .Aggregate((a, b) => new Part(a.IsNullable || b.IsNullable, Union(a.First, b.First), Union(a.Last, b.Last))),
        Expression.Repeat repeat => BuildRepeat(repeat),
        _ => throw new ArgumentOutOfRangeException(nameof(expression), expression, "not an expression"),
    };

    private Part BuildOne(Expression.One one)
    {
        _positions.Add(one.Has);
        _follow.Add(new PositionSet(_count));
        var self = new PositionSet(_count);
        self.Add(_positions.Count - 1);
        return new Part(false, self, self);
    }

    private Part BuildRepeat(Expression.Repeat repeat)
    {
        Part all = Nothing();
        int copies = repeat.Most ?? Math.Max(repeat.Least, 1);
        for (int copy = 1; copy <= copies; copy++)
        {
            Part part = Build(repeat.Part);
            if (copy == copies && repeat.Most is null)
                Connect(part.Last, part.First);
            all = Then(all, part with { IsNullable = part.IsNullable || copy > repeat.Least });
        }
        return all;
    }

    private Part Nothing() => new(true, new PositionSet(_count), new PositionSet(_count));

    private Part Then(Part before, Part after)
    {
        Connect(before.Last, after.First);
        return new Part(
            before.IsNullable && after.IsNullable,
            before.IsNullable ? Union(before.First, after.First) : before.First,
            after.IsNullable ? Union(before.Last, after.Last) : after.Last);
    }

    private void Connect(PositionSet last, PositionSet first)
    {
        foreach (int position in last.Each())
            _follow[position].Add(first);
    }

    private PositionSet Union(PositionSet a, PositionSet b)
    {
        var union = new PositionSet(_count);
        union.Add(a);
        union.Add(b);
        return union;
    }

    // Whether a part matches the empty text, and the positions that its texts can begin and end with.
    private sealed record Part(bool IsNullable, PositionSet First, PositionSet Last);
}

/// <summary>A set of positions of an expression, compared by value.</summary>
internal sealed class PositionSet(int positions) : IEquatable<PositionSet>
{
    private readonly ulong[] _words = new ulong[(positions + 63) / 64];

    /// <summary>Whether the set is empty.</summary>
    public bool IsEmpty => !_words.AsSpan().ContainsAnyExcept(0UL);

    /// <summary>Adds a position.</summary>
    public void Add(int position) => _words[position / 64] |= 1UL << (position % 64);

    /// <summary>Adds all positions of another set.</summary>
    public void Add(PositionSet other)
    {
        for (int i = 0; i < _words.Length; i++)
            _words[i] |= other._words[i];
    }

    /// <summary>Whether the two sets intersect.</summary>
    public bool Meets(PositionSet other)
    {
        for (int i = 0; i < _words.Length; i++)
        {
            if ((_words[i] & other._words[i]) != 0)
                return true;
        }
        return false;
    }

    /// <summary>The intersection of the two sets.</summary>
    public PositionSet And(PositionSet other)
    {
        var common = new PositionSet(64 * _words.Length);
        for (int i = 0; i < _words.Length; i++)
            common._words[i] = _words[i] & other._words[i];
        return common;
    }

    /// <summary>The positions in ascending order.</summary>
    public IEnumerable<int> Each()
    {
        for (int i = 0; i < _words.Length; i++)
        {
            for (ulong word = _words[i]; word != 0; word &= word - 1)
                yield return (64 * i) + BitOperations.TrailingZeroCount(word);
        }
    }

    /// <inheritdoc/>
    public bool Equals(PositionSet? other) => other is not null && _words.AsSpan().SequenceEqual(other._words);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PositionSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (ulong word in _words)
            hash.Add(word);
        return hash.ToHashCode();
    }
}
