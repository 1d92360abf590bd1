using CharLM.Models.Attention;

namespace CharLM.Pairs.Translation;

/// <summary>What a decoder sees of a source beyond the encoder's last state.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum SourceAttention
{
    /// <summary>Nothing: all of the source has to fit into that state (Sutskever et al. 2014).</summary>
    None,

    /// <summary>All outputs of the encoder, by <see cref="AttentionKind.Additive"/> attention.</summary>
    Additive,

    /// <summary>All outputs of the encoder, by <see cref="AttentionKind.Dot"/> attention.</summary>
    Dot,
}
