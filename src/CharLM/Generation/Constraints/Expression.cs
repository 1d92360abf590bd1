using System.Globalization;
using System.Text;

namespace CharLM.Generation.Constraints;

/// <summary>A regular expression as a tree.</summary>
internal abstract record Expression
{
    private Expression()
    {
    }

    /// <summary>The number of character positions with repetitions written out, which <see cref="Automaton"/> is built from.</summary>
    public abstract long Positions { get; }

    // Far above any limit, but far from overflow.
    private const long MostCounted = 1_000_000_000;

    private static long Sum(IEnumerable<Expression> parts) => Math.Min(parts.Sum(part => part.Positions), MostCounted);

    /// <summary>One character of a set.</summary>
    /// <param name="Has">Whether the set contains a character.</param>
    internal sealed record One(Func<Rune, bool> Has) : Expression
    {
        public override long Positions => 1;
    }

    /// <summary>Parts one after the other; without parts, the empty text.</summary>
    internal sealed record Sequence(IReadOnlyList<Expression> Parts) : Expression
    {
        public override long Positions => Sum(Parts);
    }

    /// <summary>One of several branches.</summary>
    internal sealed record Choice(IReadOnlyList<Expression> Branches) : Expression
    {
        public override long Positions => Sum(Branches);
    }

    /// <summary>A repeated part.</summary>
    /// <param name="Part">The part.</param>
    /// <param name="Least">The minimum number of repetitions.</param>
    /// <param name="Most">The maximum number; null: unlimited.</param>
    internal sealed record Repeat(Expression Part, int Least, int? Most) : Expression
    {
        public override long Positions => Math.Min(Math.Max(Part.Positions, 1) * (Most ?? Math.Max(Least, 1)), MostCounted);
    }
}

/// <summary>Unicode's general categories by their short names (Unicode Standard Annex 44, table 12).</summary>
internal static class UnicodeCategories
{
    // In the order of the enum.
    private static readonly string[] Names =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
        "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    /// <summary>The category with a name, or all categories with an initial (<c>L</c>, <c>P</c>, ...); empty when there is none.</summary>
    public static UnicodeCategory[] Named(string name) => name.Length is 0 or > 2
        ? []
        : [.. Enumerable.Range(0, Names.Length).Where(place => Names[place].StartsWith(name, StringComparison.Ordinal))
            .Select(place => (UnicodeCategory)place)];
}
