using System.Text;

namespace CharLM.Generation.Constraints;

/// <summary>A regular expression as a tree.</summary>
internal abstract record Expression
{
    private Expression()
    {
    }

    /// <summary>Characters that the written-out expression stands for: what <see cref="Automaton"/> is made of.</summary>
    public abstract long Positions { get; }

    // Far above any limit, and far from an overflow.
    private const long MostCounted = 1_000_000_000;

    private static long Sum(IEnumerable<Expression> parts) => Math.Min(parts.Sum(part => part.Positions), MostCounted);

    /// <summary>One character of a set.</summary>
    /// <param name="Has">Whether the set has it.</param>
    public sealed record One(Func<Rune, bool> Has) : Expression
    {
        public override long Positions => 1;
    }

    /// <summary>One after the other; none: the empty text.</summary>
    public sealed record Sequence(IReadOnlyList<Expression> Parts) : Expression
    {
        public override long Positions => Sum(Parts);
    }

    /// <summary>One of them.</summary>
    public sealed record Choice(IReadOnlyList<Expression> Branches) : Expression
    {
        public override long Positions => Sum(Branches);
    }

    /// <summary>The same again and again.</summary>
    /// <param name="Part">What is repeated.</param>
    /// <param name="Least">At least so often.</param>
    /// <param name="Most">At most so often; null: without end.</param>
    public sealed record Repeat(Expression Part, int Least, int? Most) : Expression
    {
        public override long Positions => Math.Min(Math.Max(Part.Positions, 1) * (Most ?? Math.Max(Least, 1)), MostCounted);
    }
}
