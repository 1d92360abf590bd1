namespace CharLM.Models;

/// <summary>The gates of each cell, candidate values included, in the order in which their weights lie one on the other.</summary>
internal static class CellGates
{
    /// <summary>What the gate that an LSTM forgets by is called.</summary>
    public const string Forget = "forget";

    /// <summary>The gates of a cell.</summary>
    public static IReadOnlyList<string> Of(CellKind cell, CellVariant variant) => (cell, variant) switch
    {
        (CellKind.Rnn, _) => ["hidden"],
        (CellKind.Gru, CellVariant.Minimal) => ["update", "candidate"],
        (CellKind.Gru, _) => ["reset", "update", "candidate"],
        (CellKind.Lstm, CellVariant.Minimal) => ["input", Forget, "candidate"],
        (CellKind.Lstm, CellVariant.NoForgetGate or CellVariant.CoupledGates) => ["input", "candidate", "output"],
        (CellKind.Lstm, _) => ["input", Forget, "candidate", "output"],
        _ => throw new ArgumentOutOfRangeException(nameof(cell), cell, "not a cell"),
    };

    /// <summary>Whether a variant is one of a cell's.</summary>
    public static bool Has(CellKind cell, CellVariant variant) => variant switch
    {
        CellVariant.Standard => true,
        CellVariant.Minimal => cell is CellKind.Gru or CellKind.Lstm,
        _ => cell == CellKind.Lstm,
    };
}
