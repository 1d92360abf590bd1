using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/activations.cpp
internal static unsafe partial class Native
{
    [DllImport(Library)] internal static extern nint st_relu(nint self);
    [DllImport(Library)] internal static extern int st_relu_(nint self);
    [DllImport(Library)] internal static extern nint st_silu(nint self);
    [DllImport(Library)] internal static extern int st_silu_(nint self);
    [DllImport(Library)] internal static extern nint st_log_sigmoid(nint self);
    [DllImport(Library)] internal static extern nint st_gelu(nint self);
    [DllImport(Library)] internal static extern int st_gelu_(nint self);
    [DllImport(Library)] internal static extern nint st_softmax(nint self, long dim, int dtype);
    [DllImport(Library)] internal static extern nint st_log_softmax(nint self, long dim, int dtype);
    [DllImport(Library)] internal static extern nint st_layer_norm(nint input, long* shape, int count, nint weight, nint bias, double eps);
    [DllImport(Library)] internal static extern nint st_dropout(nint input, double p, bool training);
    [DllImport(Library)] internal static extern int st_dropout_(nint input, double p, bool training);
    [DllImport(Library)] internal static extern nint st_embedding(nint weight, nint indices, long paddingIdx, bool scaleGradByFreq, bool sparse);
    [DllImport(Library)] internal static extern int st_embedding_renorm_(nint weight, nint indices, double maxNorm, double normType);
    [DllImport(Library)] internal static extern nint st_pad(nint input, long* pad, int count, int mode, double value);
    [DllImport(Library)] internal static extern nint st_scaled_dot_product_attention(nint query, nint key, nint value, nint mask, double p, bool causal);
}
