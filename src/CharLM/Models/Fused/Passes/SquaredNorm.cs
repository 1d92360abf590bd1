using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Passes;

/// <summary>Sums of squares: float32 within a block, float64 beyond it.</summary>
internal static unsafe class SquaredNorm
{
    private const int Block = 4096;

    /// <summary>The sum of the squares of some values.</summary>
    public static double Of<L>(float* values, int length)
        where L : struct, ILanes<L>
    {
        double total = 0;
        for (int from = 0; from < length; from += Block)
        {
            int end = Math.Min(length, from + Block), place = from;
            L a = L.All(0), b = L.All(0), c = L.All(0), d = L.All(0);
            for (; place + (4 * L.Count) <= end; place += 4 * L.Count)
            {
                a = Add(a, values + place);
                b = Add(b, values + place + L.Count);
                c = Add(c, values + place + (2 * L.Count));
                d = Add(d, values + place + (3 * L.Count));
            }
            double block = L.Sum((a + b) + (c + d));
            for (; place < end; place++)
                block += (double)values[place] * values[place];
            total += block;
        }
        return total;
    }

    private static L Add<L>(L sum, float* values)
        where L : struct, ILanes<L>
    {
        L value = L.Load(values);
        return L.MultiplyAdd(value, value, sum);
    }
}
