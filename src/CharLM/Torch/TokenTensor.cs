using static TorchSharp.torch;

namespace CharLM.Torch;

/// <summary>Token ids in the type that torch's embeddings, one-hot vectors and cross-entropy require: int64.</summary>
internal static class TokenTensor
{
    /// <summary>Ids as a tensor, int64.</summary>
    /// <param name="ids">The ids, in row-major order.</param>
    /// <param name="shape">The shape, with as many elements as there are ids.</param>
    /// <param name="device">The device of the tensor; default the CPU.</param>
    public static Tensor Of(ReadOnlySpan<int> ids, ReadOnlySpan<long> shape, Device? device = null)
    {
        var wide = new long[ids.Length];
        for (int i = 0; i < wide.Length; i++)
            wide[i] = ids[i];
        return tensor(wide, shape, device: device);
    }
}
