namespace CharLM.Workbench.Inspection;

/// <summary>What the units of one part of a layer were at each token of a text.</summary>
/// <param name="Name">The part: "layer 1, hidden", "layer 2, forget gate".</param>
/// <param name="Units">How many units it has.</param>
/// <param name="Values">After each token was read, [tokens, units]: gates in [0, 1], all else in [-1, 1] but for relu.</param>
public sealed record ActivationSeries(string Name, int Units, ReadOnlyMemory<float> Values)
{
    /// <summary>One unit at each token.</summary>
    public float[] Unit(int unit)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)unit, (uint)Units);
        var values = new float[Values.Length / Units];
        for (int token = 0; token < values.Length; token++)
            values[token] = Values.Span[(token * Units) + unit];
        return values;
    }
}
