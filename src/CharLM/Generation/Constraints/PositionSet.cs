using System.Numerics;

namespace CharLM.Generation.Constraints;

/// <summary>A set of positions of an expression; equal when it has the same ones.</summary>
internal sealed class PositionSet(int positions) : IEquatable<PositionSet>
{
    private readonly ulong[] _words = new ulong[(positions + 63) / 64];

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => !_words.AsSpan().ContainsAnyExcept(0UL);

    /// <summary>Adds a position.</summary>
    public void Add(int position) => _words[position / 64] |= 1UL << (position % 64);

    /// <summary>Adds all of another set.</summary>
    public void Add(PositionSet other)
    {
        for (int i = 0; i < _words.Length; i++)
            _words[i] |= other._words[i];
    }

    /// <summary>Whether the two have one in common.</summary>
    public bool Meets(PositionSet other)
    {
        for (int i = 0; i < _words.Length; i++)
        {
            if ((_words[i] & other._words[i]) != 0)
                return true;
        }
        return false;
    }

    /// <summary>What the two have in common.</summary>
    public PositionSet And(PositionSet other)
    {
        var common = new PositionSet(64 * _words.Length);
        for (int i = 0; i < _words.Length; i++)
            common._words[i] = _words[i] & other._words[i];
        return common;
    }

    /// <summary>The positions, rising.</summary>
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
