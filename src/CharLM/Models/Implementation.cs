namespace CharLM.Models;

/// <summary>What computes the cell. Weights have the same names, shapes and meaning in all of them.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum Implementation
{
    /// <summary>From scratch: the cell's equations, one a line, on plain tensor operations.</summary>
    Custom,

    /// <summary>The layer of torch.nn.</summary>
    BuiltIn,

    /// <summary>
    /// The toolkit's own kernels for the CPU, which do a whole sequence in one piece; several times faster than torch there.
    /// </summary>
    Fused,
}
