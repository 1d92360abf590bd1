namespace CharLM.Evaluation;

/// <summary>One figure of an evaluation.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Name">What it is, such as accuracy.</param>
/// <param name="Value">A share, 0 to 1 (a character error rate can be above 1).</param>
public readonly record struct Measure(string Name, double Value)
{
    /// <summary>Figures by their names in snake_case, for JSON.</summary>
    public static IReadOnlyDictionary<string, double> ByKey(IEnumerable<Measure> measures) =>
        measures.ToDictionary(measure => measure.Name.ToLowerInvariant().Replace(' ', '_').Replace('-', '_'), measure => measure.Value, StringComparer.Ordinal);
}
