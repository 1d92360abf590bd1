using System.Runtime.InteropServices;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>Tensors as arrays, and arrays as tensors.</summary>
internal static class FloatArray
{
    /// <summary>A tensor of its own with some values, on the CPU.</summary>
    /// <remarks>
    /// <c>torch.tensor</c> of an array lies in the array, at any address, and MKL rounds products of small matrices by the address
    /// modulo 16. What products are computed from must lie where torch puts it, at a multiple of 64, or the last bits depend on
    /// where the garbage collector put the array.
    /// </remarks>
    /// <param name="values">The values, row-major.</param>
    /// <param name="shape">The shape.</param>
    public static Tensor ToTensor(float[] values, ReadOnlySpan<long> shape)
    {
        using Tensor wrapped = tensor(values, shape);
        return wrapped.clone();
    }

    /// <summary>
    /// The value of a tensor that has one. It goes through no number of TorchSharp's, which a collection could free too early.
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
