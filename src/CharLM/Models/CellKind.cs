namespace CharLM.Models;

/// <summary>The recurrent cell.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum CellKind
{
    /// <summary>Elman network: one hidden state, no gates.</summary>
    Rnn,

    /// <summary>Gated recurrent unit (Cho et al. 2014).</summary>
    Gru,

    /// <summary>Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate of Gers et al. 2000).</summary>
    Lstm,

    /// <summary>A registered cell, named by <see cref="ModelConfig.OwnCell"/>.</summary>
    Own,

    /// <summary>Echo-state network: a fixed random reservoir, of which only the output learns (Jaeger 2001).</summary>
    Esn,
}

/// <summary>A published form of a cell. Weights are not interchangeable between forms; docs/cells.md has the equations.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum CellVariant
{
    /// <summary>The cell as in PyTorch and the books.</summary>
    Standard,

    /// <summary>For the lstm: no forget gate, the cell state only accumulates (Hochreiter and Schmidhuber 1997).</summary>
    NoForgetGate,

    /// <summary>For the lstm: the gates also read the cell state (Gers and Schmidhuber 2000, 2001).</summary>
    Peephole,

    /// <summary>For the lstm: coupled input and forget gates, f = 1 - i (Greff et al. 2017).</summary>
    CoupledGates,

    /// <summary>
    /// For the gru and the lstm: minGRU and minLSTM, whose gates read only the input, so that a parallel scan computes a whole sequence
    /// (Feng et al. 2024).
    /// </summary>
    Minimal,

    /// <summary>For the gru: no update gate, every step takes the candidate (an exercise of Dive into Deep Learning).</summary>
    ResetGateOnly,

    /// <summary>For the gru: no reset gate, the candidate reads the whole state (an exercise of Dive into Deep Learning).</summary>
    UpdateGateOnly,

    /// <summary>For the lstm: h = o * c, without tanh (an exercise of Dive into Deep Learning; Greff et al. 2017, NOAF).</summary>
    NoOutputTanh,
}
