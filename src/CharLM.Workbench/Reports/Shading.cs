namespace CharLM.Workbench.Reports;

/// <summary>Turns values into a few levels of colour.</summary>
/// <param name="scale">How.</param>
/// <param name="smallest">What is palest, of a sequential scale.</param>
/// <param name="largest">What is darkest.</param>
internal sealed class Shading(ShadeScale scale, double smallest, double largest)
{
    /// <summary>The darkest level; of a diverging scale, the darkest on the other side is its negative.</summary>
    public const int Levels = 12;

    /// <summary>The scale of a text.</summary>
    public static Shading Of(ShadedText text) => new(
        text.Scale, 0, text.Largest ?? text.Tokens.Select(token => Math.Abs(token.Value)).Where(double.IsFinite).DefaultIfEmpty(1).Max());

    /// <summary>The scale of a matrix.</summary>
    public static Shading Of(HeatMap map)
    {
        double[] values = [.. map.Values.SelectMany(row => row).Where(double.IsFinite).DefaultIfEmpty(0)];
        return map.Scale == ShadeScale.Diverging
            ? new Shading(map.Scale, 0, values.Max(Math.Abs))
            : new Shading(map.Scale, values.Min(), values.Max());
    }

    /// <summary>The value's level, 0 to <see cref="Levels"/>, of a diverging scale also below 0; null of what is not finite.</summary>
    public int? LevelOf(double value)
    {
        if (!double.IsFinite(value))
            return null;
        double range = largest - smallest;
        double share = range > 0 ? (value - smallest) / range : 0;
        return (int)Math.Round(Levels * Math.Clamp(share, scale == ShadeScale.Diverging ? -1 : 0, 1));
    }
}
