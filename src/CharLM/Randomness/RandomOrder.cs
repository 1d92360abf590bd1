using System.Numerics;

namespace CharLM.Randomness;

/// <summary>
/// A number of items in random order: shuffled and held, 4 bytes an item, up to 2^30 of them; above that computed item by item, by
/// a Feistel network (Luby and Rackoff 1988) that walks on until it comes to an item (Black and Rogaway 2002), in no memory at all.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
internal sealed class RandomOrder
{
    private const int MostHeld = 1 << 30;
    private const int Rounds = 8;

    private readonly int[]? _held;
    private readonly ulong[] _keys = [];
    private readonly int _halfBits;

    /// <summary>An order.</summary>
    /// <param name="count">How many items, 0 or more.</param>
    /// <param name="random">Draws it.</param>
    /// <param name="mostHeld">The greatest number of items whose order is held.</param>
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

    /// <summary>How many items there are.</summary>
    public long Count { get; }

    /// <summary>The item in a place, 0 to <see cref="Count"/> - 1.</summary>
    public long this[long place]
    {
        get
        {
            if (_held is not null)
                return _held[place];
            // A network permutes powers of 4: from a number that is no item it goes on to the next.
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
