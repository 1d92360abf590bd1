using CharLM.Models;

namespace CharLM.Checkpoints;

/// <summary>A model needs a cell of a user's own that is not registered, or that is another one.</summary>
internal sealed class MissingCellException(string message) : FormatException(message)
{
    /// <summary>Throws when a cell is not registered, or was read from another file than the one that a model was made with.</summary>
    /// <param name="what">What needs it, with a verb: "holds a model".</param>
    /// <param name="name">The cell.</param>
    /// <param name="assembly">The assembly that had it; null where nobody knows.</param>
    /// <param name="sha256">The checksum of its file; null where there was none.</param>
    public static void ThrowIfMissing(string what, string? name, string? assembly, string? sha256)
    {
        string origin = assembly is null ? "" : $", which {assembly} had{(sha256 is null ? "" : $" (SHA-256 {sha256})")}";
        if (RecurrentCells.Find(name) is not { } cell)
            throw new MissingCellException(
                $"{what} of the cell '{name}'{origin}, and no cell of that name is registered: register it first");
        // A program that registers its cells itself stands for them.
        if (sha256 is not null && cell.Sha256 is not null && cell.Sha256 != sha256)
            throw new MissingCellException(
                $"{what} of the cell '{name}'{origin}; the one that is registered comes from another file (SHA-256 {cell.Sha256}): give "
                    + "the same file");
    }
}
