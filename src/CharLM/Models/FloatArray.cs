using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>Tensors as arrays.</summary>
internal static class FloatArray
{
    /// <summary>The values of a tensor as float32, row-major.</summary>
    public static float[] Of(Tensor tensor)
    {
        using TensorAccessor<float> values = tensor.detach().to_type(ScalarType.Float32).cpu().contiguous().data<float>();
        return values.ToArray();
    }
}
