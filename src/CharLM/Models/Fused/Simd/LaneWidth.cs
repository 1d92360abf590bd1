namespace CharLM.Models.Fused.Simd;

/// <summary>Which registers the kernels use.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum LaneWidth
{
    /// <summary>The widest that this machine computes in hardware.</summary>
    Best,

    /// <summary>512 bits: AVX-512.</summary>
    Wide,

    /// <summary>256 bits: AVX2.</summary>
    Medium,

    /// <summary>128 bits: every machine.</summary>
    Portable,
}
