using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace CharLM.Models.Fused.Simd;

/// <summary>AVX2: 8 floats, 16 registers.</summary>
internal unsafe struct SimdVector256(Vector256<float> value) : ISimdVector<SimdVector256>
{
    private Vector256<float> _value = value;

    public static bool IsSupported => Vector256.IsHardwareAccelerated;

    public static int Count => 8;

    public static int TileRows => 4;

    public static int TileRegisters => 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector256 Load(float* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(SimdVector256 value, float* target) => Vector256.Store(value._value, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector256 All(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector256 operator +(SimdVector256 left, SimdVector256 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector256 operator -(SimdVector256 left, SimdVector256 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector256 operator *(SimdVector256 left, SimdVector256 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector256 operator /(SimdVector256 left, SimdVector256 right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector256 MultiplyAdd(SimdVector256 a, SimdVector256 b, SimdVector256 c) =>
        new(Vector256.MultiplyAddEstimate(a._value, b._value, c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref SimdVector256 sum, SimdVector256 a, SimdVector256 b) =>
        sum._value = Vector256.MultiplyAddEstimate(a._value, b._value, sum._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector256 Max(SimdVector256 left, SimdVector256 right) => new(Vector256.MaxNative(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector256 Min(SimdVector256 left, SimdVector256 right) => new(Vector256.MinNative(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector256 Round(SimdVector256 value) => new(Vector256.Round(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector256 PowerOfTwo(SimdVector256 n) =>
        new(((Vector256.ConvertToInt32Native(n._value) + Vector256.Create(127)) << 23).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector256 WherePositive(SimdVector256 test, SimdVector256 value) =>
        new(Vector256.GreaterThan(test._value, Vector256<float>.Zero) & value._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(SimdVector256 value) => Vector256.Sum(value._value);

    public static float Greatest(SimdVector256 value) =>
        SimdVector128.Greatest(new SimdVector128(Vector128.MaxNative(value._value.GetLower(), value._value.GetUpper())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector256 Sqrt(SimdVector256 value) => new(Vector256.Sqrt(value._value));
}
