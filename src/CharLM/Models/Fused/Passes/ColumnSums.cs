using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Passes;

/// <summary>Sums over rows: the gradient of a bias.</summary>
internal static unsafe class ColumnSums
{
    /// <summary>Writes the sum of each column.</summary>
    /// <param name="matrix">[rows, columns].</param>
    /// <param name="rows">Number of rows to add.</param>
    /// <param name="target">Receives the sums.</param>
    /// <param name="columns">Number of columns, without padding.</param>
    public static void Of<L>(Panels matrix, int rows, float* target, int columns)
        where L : struct, ISimdVector<L> => Of<L>(matrix, after: false, new RowLayout(1, rows).All, target, columns);

    /// <summary>Writes the sum of each column over some rows of a minibatch.</summary>
    /// <param name="matrix">[rows, columns].</param>
    /// <param name="after">Whether to add the rows after each step instead of those before it.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="target">Receives the sums.</param>
    /// <param name="columns">Number of columns, without padding.</param>
    public static void Of<L>(Panels matrix, bool after, RowStrips rows, float* target, int columns)
        where L : struct, ISimdVector<L>
    {
        float* total = stackalloc float[Panels.Width];
        for (int from = 0; from < columns; from += Panels.Width)
        {
            for (int lane = 0; lane < Panels.Width; lane += L.Count)
            {
                L sum = L.All(0);
                for (int strip = rows.Begin; strip < rows.End; strip++)
                {
                    (int first, int count) = rows.Layout.Run(strip, after);
                    sum += Sum<L>(matrix.At(from / Panels.Width, first) + lane, count);
                }
                L.Store(sum, total + lane);
            }
            int some = Math.Min(Panels.Width, columns - from);
            new ReadOnlySpan<float>(total, some).CopyTo(new Span<float>(target + from, some));
        }
    }

    private static L Sum<L>(float* values, int rows)
        where L : struct, ISimdVector<L>
    {
        // Four independent sums, since an addition takes four cycles and a load one.
        L a = L.All(0), b = L.All(0), c = L.All(0), d = L.All(0);
        nint row = 0;
        for (; row + 4 <= rows; row += 4)
        {
            float* place = values + (row * Panels.Width);
            a += L.Load(place);
            b += L.Load(place + Panels.Width);
            c += L.Load(place + (2 * Panels.Width));
            d += L.Load(place + (3 * Panels.Width));
        }
        for (; row < rows; row++)
            a += L.Load(values + (row * Panels.Width));
        return (a + b) + (c + d);
    }
}

/// <summary>Sums of squares: float32 within a block, float64 beyond it.</summary>
internal static unsafe class SquaredNorm
{
    private const int Block = 4096;

    /// <summary>The sum of the squares of some values.</summary>
    public static double Of<L>(float* values, int length)
        where L : struct, ISimdVector<L>
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
        where L : struct, ISimdVector<L>
    {
        L value = L.Load(values);
        return L.MultiplyAdd(value, value, sum);
    }
}
