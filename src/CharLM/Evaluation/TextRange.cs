namespace CharLM.Evaluation;

/// <summary>Which tokens of a text are meant.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Begin">The first.</param>
/// <param name="End">The first after them.</param>
public readonly record struct TextRange(int Begin, int End)
{
    /// <summary>How many they are.</summary>
    public int Count => Math.Max(0, End - Begin);

    /// <summary>The tokens that both mean.</summary>
    public TextRange Intersect(TextRange other) => new(Math.Max(Begin, other.Begin), Math.Min(End, other.End));
}
