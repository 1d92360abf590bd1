using static TorchSharp.torch;

namespace CharLM.Tests;

/// <summary>Counts torch's live tensors, after finalizers have freed those left by earlier tests.</summary>
internal static class LiveTensors
{
    public static long Count()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }
}
