namespace CharLM.Models;

/// <summary>How weights begin. Biases begin at zero, except with torch's own rule.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum WeightInit
{
    /// <summary>torch.nn's: recurrent weights and biases uniform in ±1/sqrt(hidden), the output layer in ±1/sqrt(inputs).</summary>
    Torch,

    /// <summary>Normal with mean 0 and a deviation of <see cref="ModelConfig.InitSigma"/>: the books'.</summary>
    Normal,

    /// <summary>Uniform in ±sqrt(6 / (inputs + outputs)), each gate for itself (Glorot and Bengio 2010).</summary>
    Xavier,

    /// <summary>Recurrent weights orthogonal, each gate for itself (Saxe et al. 2014); all others as with xavier.</summary>
    Orthogonal,
}
