using System.Numerics;

namespace CharLM.Randomness;

/// <summary>
/// A stream of random numbers, determined by a seed, a purpose and a number: the same three give the same stream on every machine and
/// in every version.
/// </summary>
/// <remarks>
/// xoshiro256** (Blackman and Vigna 2021) seeded through SplitMix64. <see cref="System.Random"/> does not promise the same stream
/// in every version of .NET. Each use opens a stream of its own (one for the shuffle of an epoch, say), so resuming needs no saved
/// generator state. Thread safety: one thread at a time; <see cref="Draw"/> any number of threads.
/// </remarks>
public sealed class RandomStream
{
    private ulong _s0, _s1, _s2, _s3;

    /// <summary>Opens a stream.</summary>
    /// <param name="seed">The user's seed.</param>
    /// <param name="purpose">What the numbers are for; streams for different purposes are independent.</param>
    /// <param name="number">The number of the stream within that purpose, such as the epoch.</param>
    public RandomStream(long seed, string purpose = "", long number = 0)
    {
        ulong mixed = Draw(seed, purpose, number);
        _s0 = mixed = SplitMix64(mixed);
        _s1 = mixed = SplitMix64(mixed);
        _s2 = mixed = SplitMix64(mixed);
        _s3 = SplitMix64(mixed);
    }

    /// <summary>64 random bits, determined by the three arguments, without opening a stream or allocating.</summary>
    /// <param name="seed">The user's seed.</param>
    /// <param name="purpose">What the bits are for.</param>
    /// <param name="number">Their number within that purpose.</param>
    public static ulong Draw(long seed, string purpose, long number)
    {
        ArgumentNullException.ThrowIfNull(purpose);
        ulong mixed = SplitMix64((ulong)seed);
        foreach (char c in purpose)
            mixed = SplitMix64(mixed ^ c);
        return SplitMix64(mixed ^ (ulong)number);
    }

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong shifted = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= shifted;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A number in [0, 1), uniform over multiples of 2^-53.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A whole number in [0, <paramref name="bound"/>), uniform.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bound is not positive.</exception>
    public int Next(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        // Values past the last whole multiple of the bound would favour small remainders, so draw again.
        ulong limit = ulong.MaxValue - (ulong.MaxValue % (ulong)bound);
        ulong bits;
        do
        {
            bits = NextBits();
        }
        while (bits >= limit);
        return (int)(bits % (ulong)bound);
    }

    /// <summary>Puts the items in a random order, every order equally likely (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>Scrambles 64 bits (the SplitMix64 step).</summary>
    internal static ulong SplitMix64(ulong state)
    {
        ulong z = state + 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
