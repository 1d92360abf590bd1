namespace CharLM.Models.Attention;

/// <summary>How well a key fits a query.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum AttentionKind
{
    /// <summary>A small network of both: v tanh(W q + U k) (Bahdanau et al. 2015).</summary>
    Additive,

    /// <summary>Their scaled product: q k / sqrt(size) (Luong et al. 2015, Vaswani et al. 2017).</summary>
    Dot,
}
