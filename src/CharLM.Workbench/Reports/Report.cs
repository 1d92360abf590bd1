namespace CharLM.Workbench.Reports;

/// <summary>
/// A report as records: content without layout. <see cref="Html.HtmlReport"/> writes it as one page with charts, <see
/// cref="MarkdownReport"/> as text.
/// </summary>
/// <param name="Title">The title.</param>
/// <param name="Sections">Its sections, in order.</param>
public sealed record Report(string Title, IReadOnlyList<ReportSection> Sections);

/// <summary>A section of a report.</summary>
/// <param name="Title">The heading.</param>
/// <param name="Parts">The content, in order.</param>
public sealed record ReportSection(string Title, IReadOnlyList<ReportPart> Parts)
{
    /// <summary>Creates a section from a list of parts.</summary>
    public ReportSection(string title, params ReportPart[] parts)
        : this(title, (IReadOnlyList<ReportPart>)parts)
    {
    }
}

/// <summary>
/// A part of a report: <see cref="Paragraph"/>, <see cref="Preformatted"/>, <see cref="ReportTable"/>, <see cref="LineChart"/>, <see
/// cref="HeatMap"/> or <see cref="ShadedText"/>. The hierarchy is closed, so that every renderer handles all.
/// </summary>
public abstract record ReportPart
{
    private protected ReportPart()
    {
    }
}

/// <summary>Some sentences.</summary>
/// <param name="Text">Plain text; nothing in it is markup.</param>
public sealed record Paragraph(string Text) : ReportPart
{
    /// <summary>Whether it is what the reader should see first. Default: false.</summary>
    public bool IsLead { get; init; }
}

/// <summary>Text whose line breaks and spaces are kept: a sample, a configuration.</summary>
/// <param name="Caption">The caption.</param>
/// <param name="Text">Plain text; nothing in it is markup.</param>
/// <param name="Folded">Whether a page shows only the caption until the reader unfolds the text.</param>
public sealed record Preformatted(string Caption, string Text, bool Folded = false) : ReportPart;

/// <summary>A table of texts and figures.</summary>
/// <param name="Caption">The caption; empty if the section's heading suffices.</param>
/// <param name="Columns">Its columns.</param>
/// <param name="Rows">Its cells [rows, columns], as displayed; an empty cell has no value.</param>
public sealed record ReportTable(
    string Caption, IReadOnlyList<ReportColumn> Columns, IReadOnlyList<IReadOnlyList<string>> Rows) : ReportPart;

/// <summary>A column of a <see cref="ReportTable"/>.</summary>
/// <param name="Name">Its heading, with the unit.</param>
/// <param name="IsNumber">Whether it holds figures, which are right-aligned.</param>
public sealed record ReportColumn(string Name, bool IsNumber = true);

/// <summary>Formats numbers for a report's tables; files for programs get full precision.</summary>
public static class ReportFigure
{
    /// <summary>About five digits: 4.1794, 17.060, 170,580, 1.2e-7; empty if unknown.</summary>
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

    /// <summary>About two digits: 3.2, 14, 0.04.</summary>
    internal static string Short(double value) => Math.Abs(value) switch
    {
        >= 10 => value.ToString("#,0"),
        >= 1 => value.ToString("0.0"),
        >= 0.01 => value.ToString("0.00"),
        _ => value == 0 ? "0" : "less than 0.01",
    };

    /// <summary>A value with its 95 % interval: 4.1794 (4.1601 to 4.2003); only the value if there is no interval.</summary>
    public static string Of(double? value, double? low, double? high) =>
        low is { } from && high is { } to ? $"{Of(value)} ({Of(from)} to {Of(to)})" : Of(value);
}

/// <summary>Curves over a common axis, such as perplexities over epochs.</summary>
/// <param name="Title">The title.</param>
/// <param name="XLabel">The label of the horizontal axis, with the unit.</param>
/// <param name="YLabel">The label of the vertical axis, with the unit.</param>
/// <param name="Series">The curves; one without points is not shown.</param>
public sealed record LineChart(string Title, string XLabel, string YLabel, IReadOnlyList<LineSeries> Series) : ReportPart
{
    /// <summary>Whether the vertical axis is logarithmic; values of 0 and below are then omitted. Default: false.</summary>
    public bool LogarithmicY { get; init; }

    /// <summary>Whether the horizontal axis is logarithmic; its values must be above 0. Default: false.</summary>
    public bool LogarithmicX { get; init; }

    /// <summary>
    /// Labels of other horizontal axes that the reader of a page can choose, such as seconds instead of epochs; default none. Every curve
    /// has its places on each (<see cref="LineSeries.OtherX"/>).
    /// </summary>
    public IReadOnlyList<string> OtherX { get; init; } = [];
}

/// <summary>A curve of a <see cref="LineChart"/>.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Points">Its points from left to right; a non-finite value makes a gap.</param>
public sealed record LineSeries(string Name, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>
    /// Curves of one group share a colour and a marker, such as a run's training and held-out perplexity. Null: its own.
    /// </summary>
    public int? Group { get; init; }

    /// <summary>Which marker the curve has, 0 or more, if not its group's. Default: null.</summary>
    public int? Marker { get; init; }

    /// <summary>The points' places on the chart's other axes [axis][point]; default none.</summary>
    public IReadOnlyList<IReadOnlyList<double>> OtherX { get; init; } = [];

    /// <summary>Whether the line is dashed, as for held-out curves. Default: false.</summary>
    public bool Dashed { get; init; }
}

/// <summary>A matrix as colours, such as attention weights.</summary>
/// <param name="Title">The title.</param>
/// <param name="XLabel">The meaning of the columns.</param>
/// <param name="YLabel">The meaning of the rows.</param>
/// <param name="Columns">The columns' names, from left to right; duplicates are allowed.</param>
/// <param name="Rows">The rows' names, from top to bottom; duplicates are allowed.</param>
/// <param name="Values">The matrix [rows, columns]; non-finite values stay blank.</param>
public sealed record HeatMap(
    string Title, string XLabel, string YLabel, IReadOnlyList<string> Columns, IReadOnlyList<string> Rows,
        IReadOnlyList<IReadOnlyList<double>> Values) : ReportPart
{
    /// <summary>The colour scale. Default: from the smallest to the largest value.</summary>
    public ShadeScale Scale { get; init; } = ShadeScale.Sequential;
}

/// <summary>A text whose tokens are coloured by a value, such as their surprisal.</summary>
/// <param name="Caption">The meaning of the colours, with the unit.</param>
/// <param name="Tokens">The text, token by token, with values; non-finite ones have no colour.</param>
public sealed record ShadedText(string Caption, IReadOnlyList<(string Token, double Value)> Tokens) : ReportPart
{
    /// <summary>The colour scale. Default: from 0 to the largest value shown.</summary>
    public ShadeScale Scale { get; init; } = ShadeScale.Sequential;

    /// <summary>The value from which on the colour is darkest. Default: the largest value.</summary>
    public double? Largest { get; init; }

    /// <summary>A remark on each token, which a page shows with its value, such as what was expected; default none.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>A colour scale.</summary>
public enum ShadeScale
{
    /// <summary>From pale to dark, from the smallest value to the largest.</summary>
    Sequential,

    /// <summary>Two colours, palest at zero: for signed values, such as activations.</summary>
    Diverging,
}

/// <summary>Maps values to a few levels of colour.</summary>
/// <param name="scale">The scale.</param>
/// <param name="smallest">The palest value of a sequential scale.</param>
/// <param name="largest">The darkest value.</param>
internal sealed class Shading(ShadeScale scale, double smallest, double largest)
{
    /// <summary>The darkest level; a diverging scale has its negative on the other side.</summary>
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

    /// <summary>The value in the middle of a level.</summary>
    public double ValueOf(int level) => scale == ShadeScale.Diverging ? level * largest / Levels
        : smallest + (level * (largest - smallest) / Levels);

    /// <summary>The value's level, 0 to <see cref="Levels"/>, on a diverging scale also negative; null for a non-finite value.</summary>
    public int? LevelOf(double value)
    {
        if (!double.IsFinite(value))
            return null;
        double range = largest - smallest;
        double share = range > 0 ? (value - smallest) / range : 0;
        return (int)Math.Round(Levels * Math.Clamp(share, scale == ShadeScale.Diverging ? -1 : 0, 1));
    }
}
