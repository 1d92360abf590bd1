using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Passes;

/// <summary>Sums over rows: the gradient of a bias.</summary>
internal static unsafe class ColumnSums
{
    /// <summary>Writes the sum of each column.</summary>
    /// <param name="matrix">[rows, columns].</param>
    /// <param name="rows">Rows to add.</param>
    /// <param name="target">Receives the sums.</param>
    /// <param name="columns">Columns without padding.</param>
    public static void Of<L>(Panels matrix, int rows, float* target, int columns)
        where L : struct, ILanes<L>
    {
        float* total = stackalloc float[Panels.Width];
        for (int from = 0; from < columns; from += Panels.Width)
        {
            float* panel = matrix.At(from / Panels.Width, 0);
            for (int lane = 0; lane < Panels.Width; lane += L.Count)
            {
                // Four sums side by side: an addition takes four cycles, a load one.
                L a = L.All(0), b = L.All(0), c = L.All(0), d = L.All(0);
                nint row = 0;
                for (; row + 4 <= rows; row += 4)
                {
                    float* place = panel + (row * Panels.Width) + lane;
                    a += L.Load(place);
                    b += L.Load(place + Panels.Width);
                    c += L.Load(place + (2 * Panels.Width));
                    d += L.Load(place + (3 * Panels.Width));
                }
                for (; row < rows; row++)
                    a += L.Load(panel + (row * Panels.Width) + lane);
                L.Store((a + b) + (c + d), total + lane);
            }
            int some = Math.Min(Panels.Width, columns - from);
            new ReadOnlySpan<float>(total, some).CopyTo(new Span<float>(target + from, some));
        }
    }
}
