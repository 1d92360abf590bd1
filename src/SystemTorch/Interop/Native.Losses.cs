using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/losses.cpp
internal static unsafe partial class Native
{
    [DllImport(Library)] internal static extern nint st_cross_entropy(nint input, nint target, nint weight, long ignoreIndex, long reduction, double labelSmoothing);
    [DllImport(Library)] internal static extern nint st_nll_loss(nint input, nint target, nint weight, long ignoreIndex, long reduction);
    [DllImport(Library)] internal static extern nint st_mse_loss(nint input, nint target, long reduction);
    [DllImport(Library)] internal static extern nint st_l1_loss(nint input, nint target, long reduction);
    [DllImport(Library)] internal static extern nint st_binary_cross_entropy(nint input, nint target, nint weight, long reduction);
    [DllImport(Library)] internal static extern nint st_binary_cross_entropy_with_logits(nint input, nint target, nint weight, long reduction, nint posWeight);
    [DllImport(Library)] internal static extern nint st_kl_div(nint input, nint target, long reduction, bool logTarget);
}
