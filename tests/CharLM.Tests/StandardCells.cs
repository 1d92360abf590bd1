using CharLM.Models;

namespace CharLM.Tests;

/// <summary>The cells of the toolkit.</summary>
internal static class StandardCells
{
    public static CellKind[] All { get; } = [.. Enum.GetValues<CellKind>().Except([CellKind.Own])];
}
