using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace CharLM.Models.Fused.Simd;

/// <summary>The portable path: 4 floats; SSE, NEON, or else scalar code.</summary>
internal unsafe struct SimdVector128(Vector128<float> value) : ISimdVector<SimdVector128>
{
    private Vector128<float> _value = value;

    public static bool IsSupported => true;

    public static int Count => 4;

    // ARM has 32 registers. SSE has 16, and without fused multiply-add each product needs one more for a moment.
    public static int TileRows => AdvSimd.IsSupported ? 8 : 4;

    public static int TileRegisters => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector128 Load(float* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(SimdVector128 value, float* target) => Vector128.Store(value._value, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector128 All(float value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector128 operator +(SimdVector128 left, SimdVector128 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector128 operator -(SimdVector128 left, SimdVector128 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector128 operator *(SimdVector128 left, SimdVector128 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector128 operator /(SimdVector128 left, SimdVector128 right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector128 MultiplyAdd(SimdVector128 a, SimdVector128 b, SimdVector128 c) =>
        new(Vector128.MultiplyAddEstimate(a._value, b._value, c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref SimdVector128 sum, SimdVector128 a, SimdVector128 b) =>
        sum._value = Vector128.MultiplyAddEstimate(a._value, b._value, sum._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector128 Max(SimdVector128 left, SimdVector128 right) => new(Vector128.MaxNative(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector128 Min(SimdVector128 left, SimdVector128 right) => new(Vector128.MinNative(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector128 Round(SimdVector128 value) => new(Vector128.Round(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector128 PowerOfTwo(SimdVector128 n) =>
        new(((Vector128.ConvertToInt32Native(n._value) + Vector128.Create(127)) << 23).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector128 WherePositive(SimdVector128 test, SimdVector128 value) =>
        new(Vector128.GreaterThan(test._value, Vector128<float>.Zero) & value._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(SimdVector128 value) => Vector128.Sum(value._value);

    public static float Greatest(SimdVector128 value)
    {
        float greatest = value._value[0];
        for (int lane = 1; lane < Count; lane++)
            greatest = MathF.Max(greatest, value._value[lane]);
        return greatest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector128 Sqrt(SimdVector128 value) => new(Vector128.Sqrt(value._value));
}
