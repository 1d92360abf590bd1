using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>
/// Arithmetic whose scalars outlive the operation. TorchSharp 0.107 creates a native scalar for every number, even for the implicit
/// factor 1 of b in a + b, and lets the garbage collector free it while torch still reads it: with other threads running, about one
/// sum in ten thousand failed or used another number.
/// </summary>
internal static class TensorMath
{
    private static readonly Scalar One = 1, Zero = 0;

    /// <summary>a + b. (a - b, a * b and a / b create no scalar.)</summary>
    public static Tensor Add(Tensor a, Tensor b) => a.add(b, One);

    /// <summary>1 - a.</summary>
    public static Tensor OneMinus(Tensor a) => a.neg().add(One, One);

    /// <summary>a + number.</summary>
    public static Tensor Add(Tensor a, double number)
    {
        using Scalar scalar = number;
        return a.add(scalar, One);
    }

    /// <summary>a * number.</summary>
    public static Tensor Multiply(Tensor a, double number)
    {
        using Scalar scalar = number;
        return a.mul(scalar);
    }

    /// <summary>a / number.</summary>
    public static Tensor Divide(Tensor a, double number)
    {
        using Scalar scalar = number;
        return a.div(scalar);
    }

    /// <summary>Where a is 0 or more.</summary>
    public static Tensor IsNotNegative(Tensor a) => a.ge(Zero);

    /// <summary>a with a number where the mask is true.</summary>
    public static Tensor Fill(Tensor a, Tensor mask, double number)
    {
        using Scalar scalar = number;
        return a.masked_fill(mask, scalar);
    }
}
