using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>
/// Arithmetic whose numbers outlive the operation. TorchSharp 0.107 makes a native number of every scalar, also of the 1 that a + b
/// multiplies b by, and lets the garbage collector free it while torch still reads it: with other threads at work, one sum in some ten
/// thousand failed, or had another number's value.
/// </summary>
internal static class TensorMath
{
    private static readonly Scalar One = 1, Zero = 0;

    /// <summary>a + b. (a - b, a * b and a / b make no number.)</summary>
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

    /// <summary>A number in the places of a mask.</summary>
    public static Tensor Fill(Tensor a, Tensor mask, double number)
    {
        using Scalar scalar = number;
        return a.masked_fill(mask, scalar);
    }
}
