namespace CharLM.Workbench.Reports;

/// <summary>
/// A report as records: what it says, not how it looks. <see cref="Html.HtmlReport"/> writes it as one page with charts,
/// <see cref="MarkdownReport"/> as text.
/// </summary>
/// <param name="Title">What it is about.</param>
/// <param name="Sections">Its sections, in order.</param>
public sealed record Report(string Title, IReadOnlyList<ReportSection> Sections);

/// <summary>A part of a report under a heading of its own.</summary>
/// <param name="Title">The heading.</param>
/// <param name="Parts">What stands under it, in order.</param>
public sealed record ReportSection(string Title, IReadOnlyList<ReportPart> Parts)
{
    /// <summary>A section of the parts that are named one after the other.</summary>
    public ReportSection(string title, params ReportPart[] parts)
        : this(title, (IReadOnlyList<ReportPart>)parts)
    {
    }
}

/// <summary>
/// Something that stands in a report: <see cref="Paragraph"/>, <see cref="Preformatted"/>, <see cref="ReportTable"/>,
/// <see cref="LineChart"/>, <see cref="HeatMap"/> or <see cref="ShadedText"/>. The set is closed, so that every renderer knows all.
/// </summary>
public abstract record ReportPart
{
    private protected ReportPart()
    {
    }
}

/// <summary>Some sentences.</summary>
/// <param name="Text">Plain text; nothing in it is markup.</param>
public sealed record Paragraph(string Text) : ReportPart;

/// <summary>Text whose lines and spaces stay: a sample, a configuration.</summary>
/// <param name="Caption">What it is.</param>
/// <param name="Text">Plain text; nothing in it is markup.</param>
/// <param name="Folded">Whether a page shows the caption only until it is asked for the text.</param>
public sealed record Preformatted(string Caption, string Text, bool Folded = false) : ReportPart;

/// <summary>A table of texts and figures.</summary>
/// <param name="Caption">What it shows; empty: the section's heading says it.</param>
/// <param name="Columns">Its columns.</param>
/// <param name="Rows">Its cells [rows, columns], as they are read; an empty cell has no value.</param>
public sealed record ReportTable(
    string Caption, IReadOnlyList<ReportColumn> Columns, IReadOnlyList<IReadOnlyList<string>> Rows) : ReportPart;

/// <summary>A column of a <see cref="ReportTable"/>.</summary>
/// <param name="Name">Its heading, with the unit.</param>
/// <param name="IsNumber">Whether it holds figures, which are set to the right.</param>
public sealed record ReportColumn(string Name, bool IsNumber = true);

/// <summary>Numbers as a report's tables show them; files for programs get them whole.</summary>
public static class ReportFigure
{
    /// <summary>About five digits: 4.1794, 17.060, 170,580, 1.2e-7; empty for what is not known.</summary>
    public static string Of(double? value) => value switch
    {
        null => "",
        double.NaN => "NaN",
        { } v when double.IsInfinity(v) => v > 0 ? "infinite" : "-infinite",
        { } v when v == Math.Floor(v) && Math.Abs(v) < 1e15 => v.ToString("#,0"),
        { } v when Math.Abs(v) is >= 1e7 or < 1e-3 => v.ToString("0.###e+0"),
        { } v when Math.Abs(v) >= 1000 => v.ToString("#,0.#"),
        { } v when Math.Abs(v) >= 10 => v.ToString("0.000"),
        { } v => v.ToString("0.0000"),
    };

    /// <summary>A value with its 95 % interval: 4.1794 (4.1601 to 4.2003); only the value when there is no interval.</summary>
    public static string Of(double? value, double? low, double? high) =>
        low is { } from && high is { } to ? $"{Of(value)} ({Of(from)} to {Of(to)})" : Of(value);
}

/// <summary>Curves over one common axis, such as perplexities over epochs.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="XLabel">What goes to the right, with the unit.</param>
/// <param name="YLabel">What goes up, with the unit.</param>
/// <param name="Series">The curves; one without points is not shown.</param>
public sealed record LineChart(string Title, string XLabel, string YLabel, IReadOnlyList<LineSeries> Series) : ReportPart
{
    /// <summary>Whether what goes up is on a logarithmic scale; values of 0 and below are then left out. Default: not.</summary>
    public bool LogarithmicY { get; init; }
}

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

/// <summary>A matrix as colours, such as attention weights.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="XLabel">What the columns are.</param>
/// <param name="YLabel">What the rows are.</param>
/// <param name="Columns">The columns' names, from left to right; several may be alike.</param>
/// <param name="Rows">The rows' names, from top to bottom; several may be alike.</param>
/// <param name="Values">The matrix [rows, columns]; what is not finite stays empty.</param>
public sealed record HeatMap(
    string Title, string XLabel, string YLabel, IReadOnlyList<string> Columns, IReadOnlyList<string> Rows,
        IReadOnlyList<IReadOnlyList<double>> Values) : ReportPart
{
    /// <summary>How values become colours. Default: from the smallest to the largest.</summary>
    public ShadeScale Scale { get; init; } = ShadeScale.Sequential;
}

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

/// <summary>How values become colours.</summary>
public enum ShadeScale
{
    /// <summary>From pale to dark, from the smallest value to the largest.</summary>
    Sequential,

    /// <summary>Two colours that meet, pale, at zero: for values with a sign, such as activations.</summary>
    Diverging,
}

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
