namespace CharLM.Models;

/// <summary>
/// Ranks values from the highest down, equal ones by index. It sorts only as far as requested: the first few of a large vocab cost one
/// pass over it (Hoare's quickselect), not a sort.
/// </summary>
internal sealed class TokenRanking
{
    private const int FirstSorted = 32;

    private ulong[] _keys = [];
    private int _count, _sorted;
    private ulong _places = 1;

    /// <summary>The index of the value at a rank; rank 0 is the highest value.</summary>
    public int this[int place]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)place, (uint)_count);
            while (place >= _sorted)
                SortMore();
            return Index(_keys[place]);
        }
    }

    /// <summary>Loads values, none of which is NaN.</summary>
    public void Load(ReadOnlySpan<float> values)
    {
        if (_keys.Length < values.Length)
            _keys = new ulong[values.Length];
        for (int i = 0; i < values.Length; i++)
            _keys[i] = Key(values[i], i);
        (_count, _sorted) = (values.Length, 0);
    }

    /// <summary>Sets all values except the highest ones to minus infinity.</summary>
    /// <param name="kept">The number of values to keep.</param>
    /// <param name="values">The loaded values, changed in place.</param>
    public void KeepFirst(int kept, Span<float> values)
    {
        if (kept >= _count)
            return;
        if (kept > _sorted)
            Select(_keys.AsSpan(_sorted, _count - _sorted), kept - _sorted);
        foreach (ulong key in _keys.AsSpan(kept, _count - kept))
            values[Index(key)] = float.NegativeInfinity;
    }

    // Ascending keys are descending values and, for equal values, ascending indices. Adding 0 makes -0 equal to 0.
    private static ulong Key(float value, int index)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value + 0f);
        uint rising = (bits >> 31) == 0 ? bits | 0x80000000u : ~bits;
        return ((ulong)~rising << 32) | (uint)index;
    }

    private static int Index(ulong key) => (int)(uint)key;

    private void SortMore()
    {
        int more = Math.Min(_count - _sorted, Math.Max(FirstSorted, _sorted));
        Span<ulong> rest = _keys.AsSpan(_sorted, _count - _sorted);
        Select(rest, more);
        MemoryExtensions.Sort(rest[..more]);
        _sorted += more;
    }

    // Brings the smallest keys to the front, unordered.
    private void Select(Span<ulong> keys, int count)
    {
        while (count > 0 && count < keys.Length)
        {
            if (keys.Length <= FirstSorted)
            {
                MemoryExtensions.Sort(keys);
                return;
            }
            int smaller = Partition(keys);
            if (count <= smaller)
                keys = keys[..smaller];
            else
            {
                keys = keys[smaller..];
                count -= smaller;
            }
        }
    }

    // Hoare's partition around the median of three keys, one of each third: no key before the returned index exceeds one from there on.
    // All keys differ, so the pivot is neither the smallest nor the greatest, and neither side is empty.
    private int Partition(Span<ulong> keys)
    {
        // At pseudorandom positions: with thousands of equally probable tokens, the order that an earlier partition leaves would make fixed
        // positions take quadratic time.
        int third = keys.Length / 3;
        _places = (_places * 6364136223846793005UL) + 1442695040888963407UL;
        int place = (int)((_places >> 33) % (ulong)third);
        ulong a = keys[place], b = keys[third + place], c = keys[(2 * third) + place];
        ulong pivot = Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
        int left = -1, right = keys.Length;
        while (true)
        {
            do
                left++;
            while (keys[left] < pivot);
            do
                right--;
            while (keys[right] > pivot);
            if (left >= right)
                return right + 1;
            (keys[left], keys[right]) = (keys[right], keys[left]);
        }
    }
}
