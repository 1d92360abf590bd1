using static TorchSharp.torch;

namespace CharLM.Tests;

/// <summary>Counts the tensors that torch holds, after the finalizers of what earlier tests left behind.</summary>
internal static class LiveTensors
{
    public static long Count()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }
}
