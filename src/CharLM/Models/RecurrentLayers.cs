using CharLM.Models.Cells;
using CharLM.Models.Fused;

namespace CharLM.Models;

/// <summary>Makes recurrent layers.</summary>
/// <remarks>Thread safety: any number of threads.</remarks>
public static class RecurrentLayers
{
    /// <summary>A stack of layers of the implementation that a configuration names.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="inputSize">Width of an input.</param>
    /// <param name="threads">Threads of the fused kernels; default 0: one a processor.</param>
    public static IRecurrentLayer Create(ModelConfig config, int inputSize, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.Implementation switch
        {
            Implementation.Custom => CustomLayer.Create(config, inputSize),
            Implementation.BuiltIn => new BuiltInLayer(config, inputSize),
            Implementation.Fused => new FusedLayer(config, inputSize, threads),
            _ => throw new ArgumentOutOfRangeException(nameof(config), config.Implementation, "not an implementation"),
        };
    }
}
