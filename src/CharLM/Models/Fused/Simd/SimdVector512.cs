using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace CharLM.Models.Fused.Simd;

/// <summary>AVX-512: 16 floats, 32 registers.</summary>
internal unsafe struct SimdVector512(Vector512<float> value) : ISimdVector<SimdVector512>
{
    private Vector512<float> _value = value;

    public static bool IsSupported => Vector512.IsHardwareAccelerated;

    public static int Count => 16;

    public static int TileRows => 8;

    public static int TileRegisters => 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector512 Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(SimdVector512 value, float* target) => Vector512.Store(value._value, target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector512 All(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector512 operator +(SimdVector512 left, SimdVector512 right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector512 operator -(SimdVector512 left, SimdVector512 right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector512 operator *(SimdVector512 left, SimdVector512 right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector512 operator /(SimdVector512 left, SimdVector512 right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector512 MultiplyAdd(SimdVector512 a, SimdVector512 b, SimdVector512 c) =>
        new(Vector512.MultiplyAddEstimate(a._value, b._value, c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref SimdVector512 sum, SimdVector512 a, SimdVector512 b) =>
        sum._value = Vector512.MultiplyAddEstimate(a._value, b._value, sum._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector512 Max(SimdVector512 left, SimdVector512 right) => new(Vector512.MaxNative(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector512 Min(SimdVector512 left, SimdVector512 right) => new(Vector512.MinNative(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector512 Round(SimdVector512 value) => new(Vector512.Round(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector512 PowerOfTwo(SimdVector512 n) =>
        new(((Vector512.ConvertToInt32Native(n._value) + Vector512.Create(127)) << 23).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector512 WherePositive(SimdVector512 test, SimdVector512 value) =>
        new(Vector512.GreaterThan(test._value, Vector512<float>.Zero) & value._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(SimdVector512 value) => Vector512.Sum(value._value);

    public static float Greatest(SimdVector512 value) =>
        SimdVector256.Greatest(new SimdVector256(Vector256.MaxNative(value._value.GetLower(), value._value.GetUpper())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdVector512 Sqrt(SimdVector512 value) => new(Vector512.Sqrt(value._value));
}
