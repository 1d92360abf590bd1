namespace CharLM.Pairs.Classification;

/// <summary>How the states of a text become one vector.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum Pooling
{
    /// <summary>The state that each direction ended with.</summary>
    Last,

    /// <summary>The mean of all states.</summary>
    Mean,

    /// <summary>A mean whose weights are learned: additive attention with a query of its own (Yang et al. 2016).</summary>
    Attention,
}
