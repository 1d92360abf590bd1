using static TorchSharp.torch;

namespace CharLM.Torch;

/// <summary>Token ids as torch wants them: its embeddings, one-hot vectors and cross-entropy take int64.</summary>
internal static class TokenTensor
{
    /// <summary>Ids as a tensor, int64.</summary>
    /// <param name="ids">In row-major order.</param>
    /// <param name="shape">Of as many values.</param>
    /// <param name="device">Where it shall live; default the CPU.</param>
    public static Tensor Of(ReadOnlySpan<int> ids, ReadOnlySpan<long> shape, Device? device = null)
    {
        var wide = new long[ids.Length];
        for (int i = 0; i < wide.Length; i++)
            wide[i] = ids[i];
        return tensor(wide, shape, device: device);
    }
}
