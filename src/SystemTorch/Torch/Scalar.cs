using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>A number that an operation takes where libtorch expects its own scalar type.</summary>
public sealed class Scalar : IDisposable
{
    internal Scalar(Number number) => Number = number;

    /// <summary>Int64, Float64 or Bool: the kinds of number that libtorch tells apart.</summary>
    public torch.ScalarType Type => Number.Type;

    internal Number Number { get; }

    public static implicit operator Scalar(byte value) => new((long)value);

    public static implicit operator Scalar(sbyte value) => new((long)value);

    public static implicit operator Scalar(short value) => new((long)value);

    public static implicit operator Scalar(int value) => new((long)value);

    public static implicit operator Scalar(long value) => new(value);

    public static implicit operator Scalar(Half value) => new((double)value);

    public static implicit operator Scalar(float value) => new((double)value);

    public static implicit operator Scalar(double value) => new(value);

    public static implicit operator Scalar(bool value) => new(value);

    /// <summary>Nothing to release: the number is held on the managed side.</summary>
    public void Dispose()
    {
    }
}

/// <summary>Conversions between numbers and <see cref="Scalar"/>.</summary>
public static class ScalarExtensionMethods
{
    public static Scalar ToScalar(this byte value) => value;

    public static Scalar ToScalar(this sbyte value) => value;

    public static Scalar ToScalar(this short value) => value;

    public static Scalar ToScalar(this int value) => value;

    public static Scalar ToScalar(this long value) => value;

    public static Scalar ToScalar(this Half value) => value;

    public static Scalar ToScalar(this float value) => value;

    public static Scalar ToScalar(this double value) => value;

    public static Scalar ToScalar(this bool value) => value;

    public static float ToSingle(this Scalar value) => (float)value.Number.AsDouble;

    public static double ToDouble(this Scalar value) => value.Number.AsDouble;

    public static Half ToHalf(this Scalar value) => (Half)value.Number.AsDouble;

    public static sbyte ToSByte(this Scalar value) => (sbyte)value.Number.AsInt64;

    public static byte ToByte(this Scalar value) => (byte)value.Number.AsInt64;

    public static short ToInt16(this Scalar value) => (short)value.Number.AsInt64;

    public static int ToInt32(this Scalar value) => (int)value.Number.AsInt64;

    public static long ToInt64(this Scalar value) => value.Number.AsInt64;

    public static bool ToBoolean(this Scalar value) => value.Number.AsBoolean;
}
