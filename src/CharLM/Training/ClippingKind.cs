namespace CharLM.Training;

/// <summary>What is done to gradients against a bound, before they change the weights.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum ClippingKind
{
    /// <summary>
    /// All become g * min(1, bound / ||g||), with the norm over all of them together: the direction stays (Pascanu et al. 2013).
    /// </summary>
    Norm,

    /// <summary>Every single value is cut off at ±bound: the direction changes (Mikolov 2012).</summary>
    Value,

    /// <summary>All become g * bound / ||g||, short ones too: every step is taken with the same length of gradient.</summary>
    Rescale,
}
