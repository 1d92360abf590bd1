using System.Runtime.Intrinsics.X86;

namespace CharLM.Torch;

/// <summary>oneDNN, the library in which torch computes an LSTM on CPUs.</summary>
internal static class OneDnn
{
    /// <summary>
    /// Keeps oneDNN from 512-bit registers on processors where its LSTM is wrong with them. Call it before torch is loaded; it does nothing
    /// where the user chose the registers.
    /// </summary>
    /// <remarks>
    /// On AMD's Zen 5 (family 26), libtorch 2.10's nn.LSTM without gradients gives wrong outputs, up to 0.7 away, if hidden units exceed a
    /// multiple of 32 by 1 to 16, such as 5, 16, 48, 100, 200 or 650. With 256-bit registers it is right with any number.
    /// </remarks>
    public static void AvoidWrongRegisters()
    {
        if (IsWrongHere())
            NativeEnvironment.Set("ONEDNN_MAX_CPU_ISA", "AVX2", overwrite: false);
    }

    // Later families, too: a slower LSTM is better than a wrong one.
    private static bool IsWrongHere()
    {
        if (!Avx512F.IsSupported)
            return false;
        (_, int vendor, _, _) = X86Base.CpuId(0, 0);
        (int version, _, _, _) = X86Base.CpuId(1, 0);
        int family = ((version >> 8) & 0xF) + ((version >> 20) & 0xFF);
        return vendor == BitConverter.ToInt32("Auth"u8) && family >= 26;
    }
}
