namespace CharLM.Workbench.Reports;

/// <summary>A text whose tokens are coloured by a value each, such as how much they surprised a model.</summary>
/// <param name="Caption">What the colours show, with the unit.</param>
/// <param name="Tokens">The text, token by token, each with its value; one that is not finite stays without colour.</param>
public sealed record ShadedText(string Caption, IReadOnlyList<(string Token, double Value)> Tokens) : ReportPart
{
    /// <summary>How values become colours. Default: from 0 to the largest that is shown.</summary>
    public ShadeScale Scale { get; init; } = ShadeScale.Sequential;

    /// <summary>What has the darkest colour, everything above it too. Default: the largest value.</summary>
    public double? Largest { get; init; }
}
