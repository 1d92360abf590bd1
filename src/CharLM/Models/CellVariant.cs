namespace CharLM.Models;

/// <summary>A published form of a cell. Weights of one form do not fit another; docs/cells.md has the equations.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum CellVariant
{
    /// <summary>The cell as PyTorch and the books have it.</summary>
    Standard,

    /// <summary>For the lstm: no forget gate, the cell state only adds up (Hochreiter and Schmidhuber 1997).</summary>
    NoForgetGate,

    /// <summary>For the lstm: the gates look at the cell state, too (Gers and Schmidhuber 2000, 2001).</summary>
    Peephole,

    /// <summary>For the lstm: what is written takes the place of what is forgotten, f = 1 - i (Greff et al. 2017).</summary>
    CoupledGates,

    /// <summary>
    /// For the gru and the lstm: minGRU and minLSTM, whose gates see the input alone, so that a whole sequence is one
    /// parallel scan (Feng et al. 2024).
    /// </summary>
    Minimal,
}
