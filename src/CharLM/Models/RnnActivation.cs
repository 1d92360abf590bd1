namespace CharLM.Models;

/// <summary>The function of a plain recurrent cell.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum RnnActivation
{
    /// <summary>tanh.</summary>
    Tanh,

    /// <summary>max(0, x).</summary>
    Relu,
}
