using CharLM.Models.Fused.Gemm;

namespace CharLM.Models.Fused.Simd;

/// <summary>
/// A vector register of floats. The kernels are written once against this interface; the compiler generates a version for each width,
/// in which every member is one instruction.
/// </summary>
internal unsafe interface ISimdVector<T>
    where T : struct, ISimdVector<T>
{
    /// <summary>Whether this machine supports it in hardware.</summary>
    static abstract bool IsSupported { get; }

    /// <summary>Floats per register; divides <see cref="Panels.Width"/>.</summary>
    static abstract int Count { get; }

    /// <summary>Rows of a tile.</summary>
    static abstract int TileRows { get; }

    /// <summary>Registers in each row of a tile: with the sums, one row of weights and 1 input must fit in the registers.</summary>
    static abstract int TileRegisters { get; }

    static abstract T Load(float* source);

    static abstract void Store(T value, float* target);

    static abstract T All(float value);

    static abstract T operator +(T left, T right);

    static abstract T operator -(T left, T right);

    static abstract T operator *(T left, T right);

    static abstract T operator /(T left, T right);

    /// <summary>a * b + c, fused where the hardware can.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    /// <summary>sum += a * b, fused where the hardware can.</summary>
    /// <remarks>One instruction where the assignment of <see cref="MultiplyAdd"/> compiles to two: the sum stays in its register.</remarks>
    static abstract void AddProduct(ref T sum, T a, T b);

    /// <summary>The greater one; NaN where the right one is.</summary>
    /// <remarks>One instruction; IEEE's rules for both operands would take five.</remarks>
    static abstract T Max(T left, T right);

    /// <summary>The lesser one; NaN where the right one is.</summary>
    static abstract T Min(T left, T right);

    /// <summary>The nearest integer.</summary>
    static abstract T Round(T value);

    /// <summary>2^n for integers n in [-126, 127].</summary>
    static abstract T PowerOfTwo(T n);

    /// <summary><paramref name="value"/> where <paramref name="test"/> is above 0, else 0.</summary>
    static abstract T WherePositive(T test, T value);

    /// <summary>The sum of all lanes.</summary>
    static abstract float Sum(T value);

    /// <summary>The greatest of all lanes.</summary>
    static abstract float Greatest(T value);

    /// <summary>The square root.</summary>
    static abstract T Sqrt(T value);
}

/// <summary>Which registers the kernels use.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum LaneWidth
{
    /// <summary>The widest that this machine supports in hardware.</summary>
    Best,

    /// <summary>512 bits: AVX-512.</summary>
    Wide,

    /// <summary>256 bits: AVX2.</summary>
    Medium,

    /// <summary>128 bits: any machine.</summary>
    Portable,
}
