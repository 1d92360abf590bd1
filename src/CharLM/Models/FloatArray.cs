using System.Runtime.InteropServices;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>Converts tensors to arrays and back.</summary>
internal static class FloatArray
{
    /// <summary>A CPU tensor with its own copy of the values.</summary>
    /// <remarks>
    /// <c>torch.tensor</c> shares an array's memory, at any address, and MKL's rounding of small matrix products depends on the address
    /// modulo 16. Operands must be in torch's own memory, aligned to 64 bytes, or the last bits depend on where the garbage collector put
    /// the array.
    /// </remarks>
    /// <param name="values">The values, row-major.</param>
    /// <param name="shape">The shape.</param>
    public static Tensor ToTensor(float[] values, ReadOnlySpan<long> shape)
    {
        using Tensor wrapped = tensor(values, shape);
        return wrapped.clone();
    }

    /// <summary>
    /// The value of a tensor with one element, read without a TorchSharp scalar, which the garbage collector could free too early.
    /// </summary>
    public static double ValueOf(Tensor tensor)
    {
        using Tensor value = tensor.detach().to_type(ScalarType.Float64).cpu();
        return MemoryMarshal.Read<double>(value.bytes);
    }

    /// <summary>The values of a tensor as float32, row-major.</summary>
    public static float[] Of(Tensor tensor)
    {
        using TensorAccessor<float> values = tensor.detach().to_type(ScalarType.Float32).cpu().contiguous().data<float>();
        return values.ToArray();
    }
}
