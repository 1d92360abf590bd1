using System.Globalization;

namespace CharLM.Generation.Constraints;

/// <summary>The general categories of Unicode by their short names (Unicode Standard Annex 44, table 12).</summary>
internal static class UnicodeCategories
{
    // In the order of the enum.
    private static readonly string[] Names =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
        "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    /// <summary>The category of a name, or all of a letter (<c>L</c>, <c>P</c>, ...); empty where there is none.</summary>
    public static UnicodeCategory[] Named(string name) => name.Length is 0 or > 2
        ? []
        : [.. Enumerable.Range(0, Names.Length).Where(place => Names[place].StartsWith(name, StringComparison.Ordinal)).Select(place => (UnicodeCategory)place)];
}
