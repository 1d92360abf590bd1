namespace CharLM.Models;

/// <summary>The recurrent cell.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum CellKind
{
    /// <summary>Elman's network: one hidden state, no gates.</summary>
    Rnn,

    /// <summary>Gated recurrent unit (Cho et al. 2014).</summary>
    Gru,

    /// <summary>Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate of Gers et al. 2000).</summary>
    Lstm,
}
