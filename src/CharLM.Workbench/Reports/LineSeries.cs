namespace CharLM.Workbench.Reports;

/// <summary>A curve of a <see cref="LineChart"/>.</summary>
/// <param name="Name">What it shows, for the legend.</param>
/// <param name="Points">Its points from left to right; one that is not finite makes a gap.</param>
public sealed record LineSeries(string Name, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>Curves of one group have one colour: a run's training and held-out perplexity. Null: a colour of its own.</summary>
    public int? Group { get; init; }

    /// <summary>Whether the line is broken, as held-out curves are. Default: not.</summary>
    public bool Dashed { get; init; }
}
