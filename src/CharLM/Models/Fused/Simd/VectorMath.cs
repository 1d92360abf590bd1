using System.Runtime.CompilerServices;

namespace CharLM.Models.Fused.Simd;

/// <summary>exp, the logistic function and tanh over registers, accurate to about one unit in the last place.</summary>
/// <remarks>
/// e^x = 2^n e^r with n = round(x / ln 2), |r| at most ln 2 / 2; e^r - 1 = r + r^2 p(r) with the polynomial of the Cephes
/// library (S. Moshier). tanh uses e^2x - 1, which stays accurate near zero: the hidden states of fresh models are small, and their
/// gradients must agree with torch's to five digits.
/// </remarks>
internal static class VectorMath
{
    // Beyond these bounds e^x is clamped: it would overflow float32 or become subnormal.
    private const float Greatest = 88f, Least = -87.3365447504f;

    /// <summary>e^x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Exp<L>(L x)
        where L : struct, ISimdVector<L>
    {
        (L scale, L q) = Split(Clamp(x, Least, Greatest));
        return L.MultiplyAdd(scale, q, scale);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Sigmoid<L>(L x)
        where L : struct, ISimdVector<L> => L.All(1) / (L.All(1) + Exp(L.All(0) - x));

    /// <summary>(e^2x - 1) / (e^2x + 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static L Tanh<L>(L x)
        where L : struct, ISimdVector<L>
    {
        // Beyond 9.02, tanh is 1 in float32.
        L clamped = Clamp(x, -9.1f, 9.1f);
        (L scale, L q) = Split(clamped + clamped);
        L lessOne = L.MultiplyAdd(scale, q, scale - L.All(1));
        return lessOne / (lessOne + L.All(2));
    }

    // NaN stays NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static L Clamp<L>(L x, float least, float greatest)
        where L : struct, ISimdVector<L> => L.Max(L.All(least), L.Min(L.All(greatest), x));

    // 2^n and e^r - 1, for x within the bounds of exp.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (L Scale, L Q) Split<L>(L x)
        where L : struct, ISimdVector<L>
    {
        L n = L.Round(x * L.All(1.44269504088896341f));
        // ln 2 in two parts, so that n * ln 2 loses no digits.
        L r = L.MultiplyAdd(n, L.All(-0.693359375f), x);
        r = L.MultiplyAdd(n, L.All(2.12194440e-4f), r);
        L p = L.All(1.9875691500e-4f);
        p = L.MultiplyAdd(p, r, L.All(1.3981999507e-3f));
        p = L.MultiplyAdd(p, r, L.All(8.3334519073e-3f));
        p = L.MultiplyAdd(p, r, L.All(4.1665795894e-2f));
        p = L.MultiplyAdd(p, r, L.All(1.6666665459e-1f));
        p = L.MultiplyAdd(p, r, L.All(5.0000001201e-1f));
        return (L.PowerOfTwo(n), L.MultiplyAdd(p, r * r, r));
    }
}

/// <summary>The activation function of a plain recurrent cell.</summary>
internal interface IActivation
{
    /// <summary>f(sum).</summary>
    static abstract L Value<L>(L sum)
        where L : struct, ISimdVector<L>;

    /// <summary>f'(sum) times a gradient, from f's value.</summary>
    static abstract L Gradient<L>(L value, L gradient)
        where L : struct, ISimdVector<L>;

    /// <summary>tanh.</summary>
    readonly struct Tanh : IActivation
    {
        public static L Value<L>(L sum)
            where L : struct, ISimdVector<L> => VectorMath.Tanh(sum);

        public static L Gradient<L>(L value, L gradient)
            where L : struct, ISimdVector<L> => gradient * (L.All(1) - (value * value));
    }

    /// <summary>max(0, x).</summary>
    readonly struct Relu : IActivation
    {
        public static L Value<L>(L sum)
            where L : struct, ISimdVector<L> => L.Max(L.All(0), sum);

        public static L Gradient<L>(L value, L gradient)
            where L : struct, ISimdVector<L> => L.WherePositive(value, gradient);
    }
}
