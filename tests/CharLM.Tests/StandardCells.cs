using CharLM.Models;

namespace CharLM.Tests;

/// <summary>The cells that all implementations compute: not reservoirs, nor cells of one's own.</summary>
internal static class StandardCells
{
    public static CellKind[] All { get; } = [.. Enum.GetValues<CellKind>().Except([CellKind.Esn, CellKind.Own])];
}
