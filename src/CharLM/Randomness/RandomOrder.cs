using System.Numerics;

namespace CharLM.Randomness;

/// <summary>
/// A random permutation: up to 2^30 items it is shuffled and stored, 4 bytes per item; beyond that it is computed item by item with a
/// Feistel network (Luby and Rackoff 1988) and cycle walking (Black and Rogaway 2002), without storing anything.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
internal sealed class RandomOrder
{
    private const int MostHeld = 1 << 30;
    private const int Rounds = 8;

    private readonly int[]? _held;
    private readonly ulong[] _keys = [];
    private readonly int _halfBits;

    /// <summary>A random permutation.</summary>
    /// <param name="count">Number of items, 0 or more.</param>
    /// <param name="random">Draws the permutation.</param>
    /// <param name="mostHeld">The most items whose order is stored; default 2^30.</param>
    public RandomOrder(long count, RandomStream random, int mostHeld = MostHeld)
    {
        Count = count;
        if (count <= mostHeld)
        {
            _held = [.. Enumerable.Range(0, (int)count)];
            random.Shuffle(_held.AsSpan());
            return;
        }
        _keys = [.. Enumerable.Range(0, Rounds).Select(_ => random.NextBits())];
        _halfBits = (65 - BitOperations.LeadingZeroCount((ulong)count - 1)) / 2;
    }

    /// <summary>Number of items.</summary>
    public long Count { get; }

    /// <summary>The item at a position, 0 to <see cref="Count"/> - 1.</summary>
    public long this[long place]
    {
        get
        {
            if (_held is not null)
                return _held[place];
            // The network permutes a power of 4; numbers past the last item are permuted again.
            var item = (ulong)place;
            do
            {
                item = Permute(item);
            }
            while (item >= (ulong)Count);
            return (long)item;
        }
    }

    private ulong Permute(ulong number)
    {
        ulong mask = (1UL << _halfBits) - 1, left = number >> _halfBits, right = number & mask;
        foreach (ulong key in _keys)
            (left, right) = (right, left ^ (RandomStream.SplitMix64(right ^ key) & mask));
        return (left << _halfBits) | right;
    }
}
