using System.Numerics;
using System.Runtime.InteropServices;

namespace CharLM.Models;

/// <summary>Vectorized passes over logits.</summary>
internal static class LogitMath
{
    /// <summary>The highest logit; NaN if any logit is NaN.</summary>
    public static float Highest(ReadOnlySpan<float> logits)
    {
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(logits);
        var highest = new Vector<float>(float.NegativeInfinity);
        foreach (Vector<float> vector in vectors)
            highest = Vector.Max(highest, vector);
        float result = float.NegativeInfinity;
        for (int lane = 0; lane < Vector<float>.Count; lane++)
            result = MathF.Max(result, highest[lane]);
        foreach (float logit in logits[(vectors.Length * Vector<float>.Count)..])
            result = MathF.Max(result, logit);
        return result;
    }

    /// <summary>exp(logit - highest) of every token, and their sum.</summary>
    /// <param name="logits">One value per token.</param>
    /// <param name="highest">The highest of them, not NaN.</param>
    /// <param name="weights">Receives one value per token.</param>
    public static double Exponentials(ReadOnlySpan<float> logits, float highest, Span<float> weights)
    {
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(logits);
        Span<Vector<float>> results = MemoryMarshal.Cast<float, Vector<float>>(weights);
        var shift = new Vector<float>(highest);
        double sum = 0;
        for (int i = 0; i < vectors.Length; i++)
        {
            results[i] = Vector.Exp(vectors[i] - shift);
            sum += Vector.Sum(results[i]);
        }
        for (int id = vectors.Length * Vector<float>.Count; id < logits.Length; id++)
            sum += weights[id] = MathF.Exp(logits[id] - highest);
        return sum;
    }

    /// <summary>ln of the sum of exp(logit), computed relative to the highest logit to avoid overflow.</summary>
    public static double LogSumExp(ReadOnlySpan<float> logits)
    {
        float highest = Highest(logits);
        if (!float.IsFinite(highest))
            return highest;
        double sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp((double)logit - highest);
        return highest + Math.Log(sum);
    }
}
