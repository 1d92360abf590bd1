using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Quantized;

/// <summary>A vector rounded to 16-bit integers, anew at each step.</summary>
internal static unsafe class IntegerVector
{
    /// <summary>Floats whose memory holds a number of integers, in whole cache lines.</summary>
    public static int Floats(int count) => (count + (2 * Panels.Width) - 1) / (2 * Panels.Width) * Panels.Width;

    /// <summary>Rounds values, the greatest of them to <paramref name="most"/>.</summary>
    /// <param name="values">The values, followed by zeros up to a multiple of 16.</param>
    /// <param name="count">Number of values.</param>
    /// <param name="most">The greatest integer.</param>
    /// <param name="integers">Receives the integers, and zeros up to a multiple of 16.</param>
    /// <returns>The value of an integer of 1; NaN if a value is not finite.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Round<L>(float* values, int count, int most, short* integers)
        where L : struct, ISimdVector<L>
    {
        L zero = L.All(0), sizes = zero, wrong = zero;
        for (int place = 0; place < count; place += L.Count)
        {
            L value = L.Load(values + place);
            sizes = L.Max(sizes, L.Max(value, zero - value));
            wrong += value * zero;
        }
        if (L.Sum(wrong) != 0)
            return float.NaN;
        float greatest = L.Greatest(sizes);
        Vector256<float> factor = Vector256.Create(greatest > 0 ? most / greatest : 0);
        for (int place = 0; place < count; place += Panels.Width)
        {
            Vector256<int> low = Vector256.ConvertToInt32Native(Vector256.Round(Vector256.Load(values + place) * factor));
            Vector256<int> high = Vector256.ConvertToInt32Native(Vector256.Round(Vector256.Load(values + place + 8) * factor));
            Vector256.Narrow(low, high).Store(integers + place);
        }
        return greatest / most;
    }
}
